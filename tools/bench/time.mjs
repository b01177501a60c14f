export async function seconds(work) {
  const started = performance.now()
  const value = await work()
  return { value, seconds: (performance.now() - started) / 1000 }
}

export function spread(times) {
  const sorted = [...times].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - (sorted.length % 2 ? 0 : 1)]) / 2
  return { min: sorted[0], median, max: sorted.at(-1), times }
}
