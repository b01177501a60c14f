/** Times of one thing, summed up in a line that both the suites in the extension host and the bench print. */
export function figure(what: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(0)
  return `${what}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms (${times.length} times)`
}

/** At most, ms. */
export interface Limit {
  p50?: number
  worst?: number
}

/** What of a {@link figure}'s line is over the limit; '' where it is kept. */
export function overLimit(line: string, limit: Limit): string {
  const measured = (name: string) => Number(new RegExp(`${name} (-?\\d+) ms`).exec(line)?.[1])
  // what is not in the line is not kept either
  const over = Object.entries(limit).filter(([name, most]) => !(measured(name) <= most))
  return over.map(([name, most]) => `${name} > ${most} ms`).join(', ')
}
