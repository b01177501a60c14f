import { source } from '../source.mjs'
import { decibels } from './decibels.mjs'
import { gb, range, table } from './markdown.mjs'
import { enginePid, heldBy, watchMemory } from './memory.mjs'
import { seconds, spread } from './time.mjs'

export const title = 'Quantization'

const steps = 25
const guidanceScale = 3
const prompts = ['photograph', 'watercolor', 'oil painting', 'pixel art', 'pencil drawing'].flatMap(style =>
  ['red car, beach, sunset', 'green house, snow'].map(thing => `${style} of a ${thing}`),
)

/** What the U-Net takes with weights in few bits, each in an engine process of its own, and how near the embedded model's pictures come. */
export async function measure({ folder, calls }) {
  const { StableDiffusionPipeline, quantizations, randn, Generator } = await source(
    'pipeline/index.ts',
    'pipeline/weights/quantizedWeights.ts',
  )
  const load = (folder, quantization) =>
    StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu', ...(quantization && { quantization }) })
  const results = []
  let exact
  for (const quantization of [undefined, ...quantizations]) {
    const tiny = await load('sdnb/tiny', quantization)
    const { images } = await tiny(prompts, { numInferenceSteps: steps, guidanceScale, seed: 1 })
    await tiny.dispose()
    exact ??= images
    const likeness = images.map((image, i) => decibels(image.data, exact[i].data)).sort((a, b) => a - b)
    results.push({
      quantization: quantization ?? null,
      ...(quantization && { mean: likeness.reduce((sum, value) => sum + value) / likeness.length, worst: likeness[0] }),
      ...(await call(await load(folder, quantization), calls, { randn, Generator })),
    })
  }
  return { steps, guidanceScale, pictures: prompts.length, results }
}

/** A call of the U-Net of one picture with guidance: the session's first, and then as many as asked for. */
async function call(pipeline, calls, { randn, Generator }) {
  const { sampleSize, inChannels, crossAttentionDim } = pipeline.unet.config
  const generator = new Generator(0)
  const latents = randn([2, inChannels, sampleSize, sampleSize], { generator })
  const encoderHiddenStates = randn([2, pipeline.tokenizer.modelMaxLength, crossAttentionDim], { generator })
  const run = () => seconds(() => pipeline.unet(latents, 500, { encoderHiddenStates }))
  const watched = watchMemory(enginePid)
  const first = await run()
  const times = []
  for (let i = 0; i < calls; i++) times.push((await run()).seconds)
  const { peak } = heldBy(enginePid())
  const { private: own } = watched.stop()
  await pipeline.dispose()
  return { first: first.seconds, seconds: spread(times), peak, private: own }
}

export function section({ steps, guidanceScale, pictures, results }) {
  const rows = results.map(({ quantization, mean, worst, peak, private: own, seconds }) => [
    quantization ? `\`'${quantization}'\`` : 'none',
    ...[gb(peak), gb(own), range(seconds)],
    ...(quantization ? [`${mean.toFixed(1)} dB`, `${worst.toFixed(1)} dB`] : ['–', '–']),
  ])
  return [
    'A call of the full-size U-Net for one picture of 512×512 with guidance, in a process of its own: the most that was resident, pages of the weight ' +
      `file included, and the most that was private. How near pictures of \`sdnb/tiny\` come to those without (peak signal-to-noise ratio): ${pictures} ` +
      `prompts, ${steps} steps, guidance ${guidanceScale}.`,
    table(['`quantization`', 'peak resident', 'private', 'a call', 'mean', 'worst'], rows),
  ].join('\n\n')
}
