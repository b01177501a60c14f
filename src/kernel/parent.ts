/**
 * Calls `ended` when the process that started this one has gone without a word, as a Jupyter server that was killed: nobody would
 * ever come back to its kernel.
 */
export function whenParentEnds(ended: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    ended()
  }, 1000)
}
