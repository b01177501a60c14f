import type { DisplayHost, Progress, ProgressReporter } from '../index.js'
import { message } from '../protocol/messages.js'
import type { JsonValue } from '../protocol/mime.js'
import { type Preview, type ProgressReport, progressType } from '../protocol/progress.js'
import { callingCell, currentCell } from './cells/cell.js'
import { displayHost } from './cells/display.js'

export type { DisplayHost }

/** What a cell always gets from the kernel's own copy: the package itself, and what it brings for cells. */
export const ownPackages = ['sdnb', '@huggingface/transformers']

/** A report of a call that goes on is shown at most this often. */
const progressMs = 200

/** Lets the package find the kernel, whichever module or cell calls it. */
export function installHosts(): void {
  for (const [name, value] of [
    ['sdnb.display', displayHost],
    ['sdnb.progress', progressHost()],
    ['sdnb.signal', () => callingCell()?.signal],
  ] as const)
    Object.defineProperty(globalThis, Symbol.for(name), { value, configurable: true })
}

/** Shows the progress of a long call as one display of the cell that made it, updated in place. */
function progressHost(): ProgressReporter {
  const shown = new Map<string, number>()

  return (progress, makePreviews) => {
    const cell = currentCell()
    if (!cell) return
    cell.signal.throwIfAborted()
    const before = shown.get(progress.id)
    const now = performance.now()
    if (before !== undefined && !progress.done && now - before < progressMs) return
    shown.set(progress.id, now)
    if (progress.done) shown.delete(progress.id)
    const type = before === undefined ? 'display_data' : 'update_display_data'
    const told = (previews?: Preview[]) => {
      const report: ProgressReport = { version: 1, ...progress, ...(previews && { previews }) }
      const data = { [progressType]: report as unknown as JsonValue, 'text/plain': progressText(progress) }
      return message(type, { data, metadata: {}, transient: { display_id: progress.id } }, cell.parent)
    }
    // a preview that cannot be made is no reason to say nothing
    cell.outlet.send(makePreviews ? makePreviews().then(told, () => told()) : told())
  }
}

/** Without times, so that two runs of a notebook compare equal. */
function progressText({ label, step, total, unit }: Progress): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  return unit === 'byte' ? `${label}: ${megabytes(step)}/${megabytes(total)} MB` : `${label}: ${step}/${total}`
}
