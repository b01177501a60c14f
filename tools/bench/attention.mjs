import { gb, s, table } from './markdown.mjs'
import { engine, unetOf } from './network.mjs'
import { seconds } from './time.mjs'

export const title = 'Attention'

const graphs = [{ kind: 'fused' }, { kind: 'sliced', sliceSize: 'auto' }, { kind: 'plain' }]

/** Each attention graph's peak, in an engine process of its own, and how far its output is from the fused one's. */
export async function measure({ folder }) {
  const results = []
  let fused
  for (const attention of graphs) {
    const { model, inputs } = await unetOf(folder, attention)
    await engine.load(model)
    const call = await seconds(() => engine.run(model, inputs))
    const output = call.value.out_sample.data
    fused ??= output
    const difference = output.reduce((most, value, i) => Math.max(most, Math.abs(value - fused[i])), 0)
    results.push({ ...attention, peak: (await engine.memory()).peak, first: call.seconds, difference })
    await engine.dispose()
  }
  return results
}

export function section(results) {
  const rows = results.map(({ kind, peak, first, difference }) => [
    kind,
    gb(peak),
    s(first),
    difference.toExponential(1),
  ])
  return [
    'The first call of the U-Net by each of its graphs, in a process of its own; the difference is from fused.',
    table(['', 'peak resident', 'first call', 'largest difference'], rows),
  ].join('\n\n')
}
