/** Resolves when the promise has settled, or the time is over, ms. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, over]).catch(() => {})
  clearTimeout(timer)
}
