/** Hands a fault of the kernel's own to the process's handler of uncaught exceptions, and lets who noticed it go on. */
export function tellFault(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
