/** What `work` gives, and how long it took. */
export async function seconds(work) {
  const started = performance.now()
  const value = await work()
  return { value, seconds: (performance.now() - started) / 1000 }
}

export function spread(times) {
  const sorted = [...times].sort((a, b) => a - b)
  const median = (sorted[(times.length - 1) >> 1] + sorted[times.length >> 1]) / 2
  return { min: sorted[0], median, max: sorted.at(-1), times }
}
