import { engine, unetOf } from './network.mjs'
import { seconds } from './time.mjs'

const graphs = [{ kind: 'fused' }, { kind: 'sliced', sliceSize: 'auto' }, { kind: 'plain' }]

/** Each attention graph's peak, in an engine process of its own, and how far its output is from the fused one's. */
export async function attentionMemory(folder) {
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
