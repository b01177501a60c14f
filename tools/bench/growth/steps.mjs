import { source } from '../../source.mjs'
import { enginePid, watchMemory } from '../memory.mjs'
import { seconds, spread } from '../time.mjs'

const rounds = 5

/**
 * A picture of the embedded model, prompt to picture: seconds, and the most memory that its engine held, bytes. Medians of engines, each a process of
 * its own: some are slower than others by half, for as long as they last.
 */
export async function stepsRow(steps) {
  const { StableDiffusionPipeline } = await source('pipeline/index.ts')
  const taken = []
  for (let i = 0; i < rounds; i++) {
    const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
    const picture = numInferenceSteps => pipeline('a red car at the beach', { numInferenceSteps, seed: 1 })
    const memory = watchMemory(enginePid)
    await picture(1)
    const { value, seconds: took } = await seconds(() => picture(steps))
    taken.push({ seconds: took, denoising: value.timings.denoise / 1000, ...memory.stop() })
    await pipeline.dispose()
  }
  const median = name => spread(taken.map(each => each[name])).median
  return {
    steps,
    ...Object.fromEntries(['seconds', 'denoising', 'peak', 'private'].map(name => [name, median(name)])),
  }
}
