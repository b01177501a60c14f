import { gb, s, table } from './markdown.mjs'
import { enginePid, watchMemory } from './memory.mjs'
import { engine, unetOf } from './network.mjs'
import { seconds } from './time.mjs'

export const title = 'Attention'

const graphs = [{ kind: 'fused' }, { kind: 'sliced', sliceSize: 'auto' }, { kind: 'plain' }]
const sizes = [512, 768]

/** Each attention graph's memory at each size, in an engine process of its own, and how far its output is from the fused one's. */
export async function measure({ folder }) {
  const results = []
  for (const size of sizes) {
    let fused
    for (const attention of graphs) {
      const { model, inputs } = await unetOf(folder, attention, { size })
      await engine.load(model)
      const watched = watchMemory(enginePid)
      const call = await seconds(() => engine.run(model, inputs))
      const { private: own } = watched.stop()
      const output = call.value.out_sample.data
      fused ??= output
      const difference = output.reduce((most, value, i) => Math.max(most, Math.abs(value - fused[i])), 0)
      const { peak } = await engine.memory()
      results.push({ size, ...attention, peak, private: own, first: call.seconds, difference })
      await engine.dispose()
    }
  }
  return results
}

export function section(results) {
  const rows = results.map(({ size, kind, peak, private: own, first, difference }) => [
    `${size}²`,
    kind,
    gb(peak),
    gb(own),
    s(first),
    difference.toExponential(1),
  ])
  return [
    'The first call of the U-Net by each of its graphs, one picture without guidance, in a process of its own; the difference is from fused.',
    table(['picture', '', 'peak resident', 'private', 'first call', 'largest difference'], rows),
  ].join('\n\n')
}
