import { inspect } from 'node:util'
import { message } from '../../protocol/messages.js'
import type { MimeBundle } from '../../protocol/mime.js'
import type { DisplayHost } from '../scope.js'
import { currentCell } from './cell.js'

const displaySymbol = Symbol.for('Jupyter.display')

/** A value as it describes itself through `[Symbol.for('Jupyter.display')]()`, else as `util.inspect` does. */
export async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const describe = (value as { [displaySymbol]?: () => unknown } | null | undefined)?.[displaySymbol]
  if (typeof describe === 'function') return checkedBundle(await describe.call(value))
  return { 'text/plain': inspect(value) }
}

/** A bundle that every reader takes: each type's text or bytes, and for a JSON type the value that JSON keeps of it. */
function checkedBundle(bundle: unknown): MimeBundle {
  if (typeof bundle !== 'object' || bundle === null || Array.isArray(bundle))
    throw new TypeError(`expected a MIME bundle to show, as { 'text/html': '<b>hi</b>' }, got ${inspect(bundle)}`)
  return Object.fromEntries(Object.entries(bundle).map(([type, value]) => [type, checkedValue(type, value)]))
}

function checkedValue(type: string, value: unknown): MimeBundle[string] {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (/^application\/(.*\+)?json$/.test(type)) return JSON.parse(JSON.stringify(value) ?? 'null')
  throw new TypeError(`${type}: expected text or bytes to show, got ${inspect(value)}`)
}

/** What `display()` and `clearOutput()` of the package call: output of the cell that calls, in the order of the calls. */
export const displayHost: DisplayHost = {
  async display(value, { id, update }) {
    const cell = currentCell()
    if (!cell) return
    const type = update ? 'update_display_data' : 'display_data'
    const transient = id === undefined ? {} : { display_id: id }
    const shown = async () => ('bundle' in value ? checkedBundle(value.bundle) : mimeBundle(value.value))
    const sent = shown().then(data => message(type, { data, metadata: {}, transient }, cell.parent))
    cell.outlet.send(sent.catch(() => undefined))
    await sent
  },
  clearOutput({ wait = false }) {
    const cell = currentCell()
    cell?.outlet.send(message('clear_output', { wait }, cell.parent))
  },
}
