import { source } from '../source.mjs'
import { gb, s, table } from './markdown.mjs'
import { enginePid, watchMemory } from './memory.mjs'
import { seconds } from './time.mjs'

export const title = 'What saves memory'

const steps = 2
const bound = '1GB'

const settings = [
  { name: 'none' },
  { name: '`enableModelCpuOffload()`', set: pipeline => pipeline.enableModelCpuOffload() },
  { name: '`enableSequentialCpuOffload()`', set: pipeline => pipeline.enableSequentialCpuOffload() },
  { name: '`enableVaeTiling(256)`', set: pipeline => pipeline.enableVaeTiling(256) },
  { name: `\`maxMemory: '${bound}'\``, options: { maxMemory: bound } },
]

/** A picture of full size with each setting: what the engine holds as its own at most, and what that costs. */
export async function measure({ folder }) {
  const { StableDiffusionPipeline } = await source('pipeline/index.ts')
  const results = []
  for (const { name, set, options } of settings) {
    const pipeline = await StableDiffusionPipeline.fromPretrained(folder, {
      device: 'cpu',
      requiresSafetyChecker: false,
      ...options,
    })
    set?.(pipeline)
    await pipeline('warm', { numInferenceSteps: 1, width: 64, height: 64 })
    await pipeline.dispose()
    const watched = watchMemory(enginePid)
    const drawn = await seconds(() => pipeline('a lighthouse', { numInferenceSteps: steps, seed: 0 }))
    const { decode } = drawn.value.timings
    const { private: own, peak } = watched.stop()
    await pipeline.dispose()
    results.push({ name, private: own, peak, seconds: drawn.seconds, decode: decode / 1000 })
  }
  return { steps, bound, results }
}

export function limits({ bound, results }) {
  return [{ what: `${bound} of private memory`, value: results.at(-1).private, most: 1e9, show: gb }]
}

export function section({ steps, results }) {
  const rows = results.map(({ name, private: own, peak, seconds, decode }) => [
    name,
    gb(own),
    gb(peak),
    s(decode),
    s(seconds),
  ])
  return [
    `A picture of 512×512 by the full-size model, ${steps} steps with guidance, sessions made anew: the most that the engine held as its own ` +
      '(weights are pages of their files), the most that was resident, and the time.',
    table(['', 'private', 'resident', 'the decoder', 'in all'], rows),
  ].join('\n\n')
}
