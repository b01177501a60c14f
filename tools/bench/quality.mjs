import { source } from '../source.mjs'
import { seconds } from './time.mjs'

const steps = 25
const qualities = ['exact', 'balanced', 'fast']
const styles = ['photograph', 'watercolor', 'oil painting', 'pixel art', 'pencil drawing']
const things = ['red car', 'green house', 'blue boat', 'yellow tree', 'purple flower']
const places = ['beach, sunset', 'snow']
const prompts = styles.flatMap(style =>
  things.flatMap(thing => places.map(place => `${style} of a ${thing}, ${place}`)),
)

/**
 * What each quality takes and costs: the seconds of a picture of the folder's pipeline, and how near the embedded model's pictures
 * of 50 prompts come to the exact ones, in decibels (peak signal-to-noise ratio).
 */
export async function qualityCost(folder) {
  const { StableDiffusionPipeline } = await source('pipeline/index.ts')
  const full = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
  const tiny = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  const drawn = async quality =>
    (await tiny(prompts, { numInferenceSteps: steps, guidanceScale: 3, seed: 1, quality })).images
  const results = []
  let exact
  for (const quality of qualities) {
    const picture = () => full('a car', { numInferenceSteps: steps, seed: 1, quality })
    results.push({ quality, steps, seconds: (await seconds(picture)).seconds })
    await full.dispose()
    const images = await drawn(quality)
    exact ??= images
    if (images === exact) continue
    const likeness = images.map((image, i) => decibels(image.data, exact[i].data)).sort((a, b) => a - b)
    Object.assign(results.at(-1), {
      mean: likeness.reduce((sum, value) => sum + value) / likeness.length,
      worst: likeness[0],
      atLeast30: likeness.filter(value => value >= 30).length,
      pictures: likeness.length,
    })
  }
  await tiny.dispose()
  return results
}

function decibels(a, b) {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
  return 10 * Math.log10(255 ** 2 / (squares / a.length))
}
