import { message } from '../../protocol/messages.js'
import type { JsonValue } from '../../protocol/mime.js'
import { type Preview, type ProgressReport, progressType } from '../../protocol/progress.js'
import type { Progress, ProgressReporter } from '../scope.js'
import { currentCell, type RunningCell } from './cell.js'

/** A report of a call that goes on is shown at most this often. */
const periodMs = 200

/** A call that goes on. */
interface Call {
  isShown: boolean
  /** as `performance.now()` tells it */
  shownAt: number
  latest: Progress
  stopped: () => void
}

/**
 * Shows the progress of a long call as one display of the cell that made it, updated in place.
 * @param showsPreviews otherwise none are made
 */
export function progressHost(showsPreviews: boolean): ProgressReporter {
  const calls = new Map<string, Call>()

  return (progress, makeAnyPreviews) => {
    const makePreviews = showsPreviews ? makeAnyPreviews : undefined
    const cell = currentCell()
    if (!cell) return
    cell.signal.throwIfAborted()
    const { id, done } = progress
    const before = calls.get(id)
    if (before && !done) {
      before.latest = progress
      if (performance.now() - before.shownAt < periodMs) return
    }
    const call = before ?? begun(cell, progress)
    const shownAt = performance.now()
    call.shownAt = shownAt
    if (done) {
      calls.delete(id)
      cell.signal.removeEventListener('abort', call.stopped)
    }
    const show = (previews?: Preview[]) => {
      cell.outlet.send(shown(call.isShown ? 'update_display_data' : 'display_data', cell, progress, previews))
      call.isShown = true
    }
    // What a cell prints must not wait for previews: the first report goes ahead of its own, others come with them.
    if (!call.isShown || !makePreviews) show()
    const isStillDue = () => calls.get(id) === call && call.shownAt === shownAt
    void makePreviews?.().then(
      previews => isStillDue() && show(previews),
      () => isStillDue() && show(),
    )
  }

  function begun(cell: RunningCell, progress: Progress): Call {
    /** The call itself hears of the stop when its cell has ended: what stays on show is told here. */
    const stopped = () => {
      const { elapsed: _, ...latest } = call.latest
      calls.delete(progress.id)
      cell.outlet.send(shown('update_display_data', cell, { ...latest, done: true }))
    }
    const call: Call = { isShown: false, shownAt: 0, latest: progress, stopped }
    calls.set(progress.id, call)
    cell.signal.addEventListener('abort', stopped, { once: true })
    return call
  }
}

function shown(
  type: 'display_data' | 'update_display_data',
  { parent }: RunningCell,
  progress: Progress,
  previews?: Preview[],
) {
  const report: ProgressReport = { version: 1, ...progress, ...(previews && { previews }) }
  const data = { [progressType]: report as unknown as JsonValue, 'text/plain': progressText(progress) }
  return message(type, { data, metadata: {}, transient: { display_id: progress.id } }, parent)
}

/** Without times, so that two runs of a notebook compare equal. */
function progressText({ label, step, total, unit }: Progress): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  return unit === 'byte' ? `${label}: ${megabytes(step)}/${megabytes(total)} MB` : `${label}: ${step}/${total}`
}
