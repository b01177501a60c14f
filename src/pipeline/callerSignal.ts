/** A notebook's kernel sets a function here that tells the signal of the cell that calls. */
export const signalSymbol = Symbol.for('sdnb.signal')

/** Aborts when `own` does, and when the notebook's cell that calls is stopped. */
export function callerSignal(own?: AbortSignal): AbortSignal | undefined {
  const cells = (globalThis as { [signalSymbol]?: () => AbortSignal | undefined })[signalSymbol]?.()
  return own && cells ? AbortSignal.any([own, cells]) : (own ?? cells)
}
