/** A cell was stopped by an interrupt request. */
export class InterruptedError extends Error {
  override name = 'InterruptedError'
}
