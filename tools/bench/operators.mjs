/**
 * What an onnxruntime profile tells of a session's runs after the first `before` of them, a mean run: its seconds, and of them those of each type of
 * operator, with how many nodes it has, the longest first.
 * @param events of the profile's file: times in µs
 */
export function secondsByOperator(events, before = 1) {
  const runs = events
    .filter(({ name }) => name === 'model_run')
    .sort((a, b) => a.ts - b.ts)
    .slice(before)
  const counted = new Map()
  for (const { cat, name, ts, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || ts < runs[0].ts) continue
    const { count, µs } = counted.get(args.op_name) ?? { count: 0, µs: 0 }
    counted.set(args.op_name, { count: count + 1, µs: µs + dur })
  }
  const mean = sum => sum / runs.length
  return {
    whole: mean(runs.reduce((sum, { dur }) => sum + dur, 0)) / 1e6,
    operators: [...counted]
      .map(([operator, { count, µs }]) => ({ operator, count: mean(count), seconds: mean(µs) / 1e6 }))
      .sort((a, b) => b.seconds - a.seconds),
  }
}
