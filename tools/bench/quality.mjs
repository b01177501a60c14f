import { source } from '../source.mjs'
import { decibels } from './decibels.mjs'
import { table } from './markdown.mjs'

export const title = 'What each quality costs'

const steps = 25
const guidanceScale = 3
const styles = ['photograph', 'watercolor', 'oil painting', 'pixel art', 'pencil drawing']
const things = ['red car', 'green house', 'blue boat', 'yellow tree', 'purple flower']
const places = ['beach, sunset', 'snow']
const prompts = styles.flatMap(style =>
  things.flatMap(thing => places.map(place => `${style} of a ${thing}, ${place}`)),
)

/** How near the embedded model's pictures of 50 prompts come to the exact ones. */
export async function measure() {
  const { StableDiffusionPipeline, qualities } = await source('pipeline/index.ts', 'pipeline/pipelines/quality.ts')
  const tiny = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  const drawn = async quality =>
    (await tiny(prompts, { numInferenceSteps: steps, guidanceScale, seed: 1, quality })).images
  const exact = await drawn('exact')
  const results = []
  for (const quality of qualities.filter(quality => quality !== 'exact')) {
    const images = await drawn(quality)
    const likeness = images.map((image, i) => decibels(image.data, exact[i].data)).sort((a, b) => a - b)
    results.push({
      quality,
      mean: likeness.reduce((sum, value) => sum + value) / likeness.length,
      worst: likeness[0],
      atLeast30: likeness.filter(value => value >= 30).length,
    })
  }
  await tiny.dispose()
  return { steps, guidanceScale, pictures: prompts.length, qualities: results }
}

export function section({ steps, guidanceScale, pictures, qualities }) {
  const rows = qualities.map(({ quality, mean, worst, atLeast30 }) => [
    ...[`\`'${quality}'\``, `${mean.toFixed(1)} dB`, `${worst.toFixed(1)} dB`, `${atLeast30} of ${pictures}`],
  ])
  return [
    `How near pictures of \`sdnb/tiny\` come to those of \`quality: 'exact'\` (peak signal-to-noise ratio): ${pictures} prompts, ${steps} steps, ` +
      `guidance ${guidanceScale}.`,
    table(['`quality`', 'mean', 'worst', 'at least 30 dB'], rows),
  ].join('\n\n')
}
