import { source } from '../../source.mjs'
import { enginePid, watchMemory } from '../memory.mjs'
import { seconds, spread } from '../time.mjs'

const rounds = 3

/** A picture of the embedded model, prompt to picture: seconds, and the most memory that its engine held, bytes. */
export async function stepsRow(steps) {
  const { StableDiffusionPipeline } = await source('pipeline/index.ts')
  const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  const picture = numInferenceSteps => pipeline('a red car at the beach', { numInferenceSteps, seed: 1 })
  const memory = watchMemory(enginePid)
  await picture(1)
  const taken = []
  for (let i = 0; i < rounds; i++) {
    const { value, seconds: took } = await seconds(() => picture(steps))
    taken.push({ took, steps: value.timings.denoise / 1000 })
  }
  const held = memory.stop()
  await pipeline.dispose() // the next row's engine is another process
  return {
    steps,
    seconds: spread(taken.map(({ took }) => took)).median,
    denoising: spread(taken.map(({ steps }) => steps)).median,
    ...held,
  }
}
