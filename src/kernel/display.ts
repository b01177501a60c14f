import { inspect } from 'node:util'
import { message } from '../protocol/messages.js'
import type { MimeBundle } from '../protocol/mime.js'
import { currentCell } from './cell.js'
import type { DisplayHost } from './scope.js'

const displaySymbol = Symbol.for('Jupyter.display')

/** A value as it describes itself through `[Symbol.for('Jupyter.display')]()`, else as `util.inspect` does. */
export async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const describe = (value as { [displaySymbol]?: () => unknown } | null | undefined)?.[displaySymbol]
  if (typeof describe === 'function') return (await describe.call(value)) as MimeBundle
  return { 'text/plain': inspect(value) }
}

/** What `display()` and `clearOutput()` of the package call: output of the cell that calls, in the order of the calls. */
export const displayHost: DisplayHost = {
  async display(value, { id, update }) {
    const cell = currentCell()
    if (!cell) return
    const type = update ? 'update_display_data' : 'display_data'
    const transient = id === undefined ? {} : { display_id: id }
    const shown = 'bundle' in value ? Promise.resolve(value.bundle as MimeBundle) : mimeBundle(value.value)
    const sent = shown.then(data => message(type, { data, metadata: {}, transient }, cell.parent))
    cell.outlet.send(sent.catch(() => undefined))
    await sent
  },
  clearOutput({ wait = false }) {
    const cell = currentCell()
    cell?.outlet.send(message('clear_output', { wait }, cell.parent))
  },
}
