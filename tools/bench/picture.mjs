import { source } from '../source.mjs'
import { seconds } from './time.mjs'

/** A picture of the embedded model: the first, sessions included, and the next. */
export async function tinyPicture(steps = 25) {
  const { StableDiffusionPipeline, Generator } = await source('pipeline/index.ts')
  const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  const picture = () =>
    seconds(() => pipeline('photograph of a vintage car', { numInferenceSteps: steps, generator: new Generator(7) }))
  const first = await picture()
  const next = await picture()
  await pipeline.dispose()
  return { steps, first: first.seconds, next: next.seconds }
}
