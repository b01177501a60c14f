import { callingCell } from './cell.js'

/** Gives the value back that running code goes on with. @throws the reason of the stop where its cell was stopped */
export function resumed<T>(value: T): T {
  const signal = callingCell()?.signal
  if (signal?.aborted) throw signal.reason
  return value
}
