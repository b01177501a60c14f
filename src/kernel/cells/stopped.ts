import { callingCell } from './cell.js'
import { InterruptedError } from './interruptedError.js'

/**
 * Gives the value back that running code goes on with. Where nothing but such code runs, in a loop of microtasks, the thread never listens:
 * so this looks for an interrupt itself.
 * @throws the reason of the stop where its cell was stopped
 */
export function resumed<T>(value: T): T {
  const cell = callingCell()
  if (cell?.isStopWanted()) cell.end(new InterruptedError('The cell was stopped'))
  if (cell?.signal.aborted) throw cell.signal.reason
  return value
}
