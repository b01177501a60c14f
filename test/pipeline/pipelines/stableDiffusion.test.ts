import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  CorruptWeightsError,
  DDIMScheduler,
  DiffusionPipeline,
  EngineCrashedError,
  EulerDiscreteScheduler,
  type Progress,
  type ProgressReporter,
  StableDiffusionPipeline,
  type Tensor,
  UnsupportedModelError,
} from '../../../src/pipeline/index.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { maxRelativeDifference } from '../../support/compare.js'
import { childrenOf } from '../../support/processes.js'

const folder = join(import.meta.dirname, '../../fixtures/pipelines/sd1')
const quick = { numInferenceSteps: 2, width: 64, height: 64, seed: 7 }

let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
})
afterAll(() => pipeline.dispose())

const latentsOf = async (options: object): Promise<Tensor> =>
  (await pipeline('a car', { ...quick, ...options, outputType: 'latent' })).latents!

test('picture i of a call gets seed + i, and is the picture that this seed makes alone', async () => {
  const { images, seeds } = await pipeline('a car', { ...quick, numImagesPerPrompt: 2 })
  const alone = await pipeline('a car', { ...quick, seed: 8 })
  expect(seeds).toEqual([7, 8])
  expect(different(images[1].data, alone.images[0].data)).toBeLessThanOrEqual(1)
  expect(different(images[0].data, images[1].data)).toBeGreaterThan(1)
})

test('without a seed each call has another, and the output tells it', async () => {
  const { seeds, images } = await pipeline('a car', { ...quick, seed: undefined })
  const again = await pipeline('a car', { ...quick, seed: seeds[0] })
  expect(again.images[0].data).toEqual(images[0].data)
  expect((await pipeline('a car', { ...quick, seed: undefined })).seeds).not.toEqual(seeds)
})

test('a picture tells how it was made', async () => {
  const [image] = (await pipeline(['a car', 'a boat'], { ...quick, negativePrompt: ['', 'fog'] })).images.slice(1)
  expect(image.parameters).toMatchObject({
    prompt: 'a boat',
    negativePrompt: 'fog',
    steps: 2,
    sampler: 'PLMS',
    seed: 8,
    model: 'sd1',
  })
})

test('steps() tells each step, and PNDM makes one more than asked for', async () => {
  const seen: number[][] = []
  for await (const { step, total, timestep, latents } of pipeline.steps('a car', quick)) {
    seen.push([step, total, timestep])
    expect(latents.dims).toEqual([1, 4, 8, 8])
  }
  expect(seen.map(([step, total]) => [step, total])).toEqual([0, 1, 2].map(step => [step, 3]))
})

test('leaving the loop of steps() early leaves the pipeline fit for the next call', async () => {
  for await (const { step } of pipeline.steps('a car', quick)) if (step === 0) break
  expect((await pipeline('a car', quick)).images).toHaveLength(1)
})

test('an abort ends the call between two steps with the reason given', async () => {
  const controller = new AbortController()
  const steps: number[] = []
  const call = pipeline('a car', {
    ...quick,
    numInferenceSteps: 20,
    signal: controller.signal,
    callbackOnStepEnd: (_, step) => {
      steps.push(step)
      if (step === 1) controller.abort()
    },
  })
  await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  expect(steps).toEqual([0, 1])
})

test('latents that callbackOnStepEnd returns replace those of the step', async () => {
  const zero = (latents: Tensor) => ({ latents: { ...latents, data: new Float32Array(latents.data.length) } })
  const latents = await latentsOf({
    callbackOnStepEnd: (_: unknown, step: number, _timestep: number, values: { latents: Tensor }) =>
      step === 2 ? zero(values.latents) : undefined,
  })
  expect(new Set(latents.data)).toEqual(new Set([0]))
})

test('fused, sliced and plain attention are three graphs of one picture', async () => {
  const fused = await latentsOf({})
  pipeline.enableAttentionSlicing('max')
  const sliced = await latentsOf({})
  pipeline.disableXformersMemoryEfficientAttention()
  const plain = await latentsOf({})
  pipeline.enableXformersMemoryEfficientAttention()
  for (const other of [sliced, plain]) {
    expect(maxRelativeDifference(other.data, fused.data)).toBeLessThan(1e-3)
    expect(other.data).not.toEqual(fused.data)
  }
})

test('after dispose() a call makes the sessions anew', async () => {
  const before = await latentsOf({})
  await pipeline.dispose()
  expect((await latentsOf({})).data).toEqual(before.data)
})

test('a scheduler can be replaced', async () => {
  const own = pipeline.scheduler
  pipeline.scheduler = DDIMScheduler.fromConfig(own.config)
  const steps: number[] = []
  for await (const { step } of pipeline.steps('a car', quick)) steps.push(step)
  pipeline.scheduler = own
  expect(steps).toEqual([0, 1])
})

test('two calls at once give what each gives alone, and dispose() leaves nothing of either', async () => {
  const calls = [
    ['a car', quick],
    ['a boat', { ...quick, numInferenceSteps: 3, width: 72 }],
  ] as const
  const alone = [await pipeline(...calls[0]), await pipeline(...calls[1])]
  const atOnce = await Promise.all([pipeline(...calls[0]), pipeline(...calls[1])])
  for (const [i, { images }] of atOnce.entries())
    expect(different(images[0].data, alone[i].images[0].data)).toBeLessThanOrEqual(1)
  await pipeline.dispose()
  expect(await openEngine('cpu').memory()).toEqual({ resident: 0, peak: 0 })
})

test('a call whose engine is killed fails by that name, and the next one draws', async () => {
  const kill = () => process.kill(childrenOf(process.pid)[0], 'SIGKILL')
  const call = pipeline('a car', { ...quick, callbackOnStepEnd: (_, step) => void (step === 1 && kill()) })
  await expect(call).rejects.toThrow(EngineCrashedError)
  expect((await pipeline('a car', quick)).images).toHaveLength(1)
})

test('an abort while the picture is decoded ends the call', async () => {
  const controller = new AbortController()
  const steps = pipeline.steps('a car', { ...quick, width: 256, height: 256, signal: controller.signal })
  for (let i = 0; i < 3; i++) await steps.next()
  const decoding = steps.next()
  setImmediate(() => controller.abort())
  await expect(decoding).rejects.toMatchObject({ name: 'AbortError' })
})

test('timesteps of one’s own are walked, and the picture tells how many', async () => {
  const own = pipeline.scheduler
  pipeline.scheduler = EulerDiscreteScheduler.fromConfig(own.config)
  const seen: number[] = []
  const { images } = await pipeline('a car', {
    timesteps: [999, 500, 1],
    seed: 7,
    callbackOnStepEnd: (_, __, timestep) => void seen.push(timestep),
  })
  pipeline.scheduler = own
  expect(seen).toEqual([999, 500, 1])
  expect(images[0].parameters?.steps).toBe(3)
})

test('the seed after the largest is 0', async () => {
  const { seeds } = await pipeline('a car', { ...quick, seed: -1, numImagesPerPrompt: 2 })
  expect(seeds).toEqual([2n ** 64n - 1n, 0])
})

test('an embedding takes its prompt’s place', async () => {
  const { lastHiddenState } = await pipeline.textEncoder(pipeline.tokenizer('a car').inputIds)
  const two = { ...quick, numImagesPerPrompt: 2, outputType: 'latent' } as const
  const embedded = await pipeline(undefined, { ...two, promptEmbeds: lastHiddenState })
  expect(embedded.latents!.data).toEqual((await pipeline('a car', two)).latents!.data)
})

test('a call reports its progress once a step, the device with it, and its end', async () => {
  const reports: Progress[] = []
  const made: unknown[] = []
  const symbol = Symbol.for('sdnb.progress')
  const host = globalThis as { [symbol]?: ProgressReporter }
  host[symbol] = (progress, makePreviews) => {
    reports.push(progress)
    made.push(makePreviews)
  }
  await pipeline('a car', quick)
  delete host[symbol]
  expect(reports.map(({ step, total, done }) => [step, total, done])).toEqual([
    [1, 3, false],
    [2, 3, false],
    [3, 3, false],
    [3, 3, true],
  ])
  expect(new Set(reports.map(({ id, label, device }) => `${label} on ${device} ${id}`)).size).toBe(1)
  const times = reports.map(({ elapsed }) => elapsed)
  expect(times[0]).toBeGreaterThan(0)
  expect(times.slice(0, 3)).toEqual(times.slice(0, 3).toSorted((a, b) => a! - b!))
  expect(reports.at(-1)).not.toHaveProperty('elapsed')
  // the latents of these random weights are not known as colours
  expect(made).toEqual([undefined, undefined, undefined, undefined])
})

test('SDNB_DEVICE is the default device; one that is named wins, here and in to()', async () => {
  vi.stubEnv('SDNB_DEVICE', 'mps')
  try {
    await expect(StableDiffusionPipeline.fromPretrained(folder)).rejects.toThrow('SDNB_DEVICE in the environment')
    const named = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
    expect((await named.to('cpu')).device).toBe('cpu')
    await expect(named.to('auto')).rejects.toThrow('SDNB_DEVICE in the environment')
    vi.stubEnv('SDNB_DEVICE', 'cpu')
    expect((await StableDiffusionPipeline.fromPretrained(folder)).device).toBe('cpu')
  } finally {
    vi.unstubAllEnvs()
  }
})

test('it shows itself by its model, type, device and scheduler', () => {
  expect(inspect(pipeline)).toBe(`StableDiffusionPipeline('${folder}', float32 on cpu, PNDMScheduler)`)
  expect(pipeline).toBeInstanceOf(StableDiffusionPipeline)
})

describe('model_index.json', () => {
  let copy: string
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'sdnb-index-'))
    cpSync(folder, copy, { recursive: true })
  })
  afterEach(() => rmSync(copy, { recursive: true }))

  function edit(change: object): void {
    const file = join(copy, 'model_index.json')
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }))
  }

  test('names the class that DiffusionPipeline returns', async () => {
    expect(await DiffusionPipeline.fromPretrained(copy, { device: 'cpu' })).toBeInstanceOf(StableDiffusionPipeline)
  })

  test('names a class that is not built here: refused by that name', async () => {
    edit({ _class_name: 'FluxPipeline' })
    await expect(DiffusionPipeline.fromPretrained(copy)).rejects.toThrow(UnsupportedModelError)
    await expect(DiffusionPipeline.fromPretrained(copy)).rejects.toThrow('"_class_name" is "FluxPipeline"')
  })

  test('names a part of another class: refused by part and class', async () => {
    edit({ unet: ['diffusers', 'UNet3DConditionModel'] })
    await expect(StableDiffusionPipeline.fromPretrained(copy)).rejects.toThrow('"unet" is "UNet3DConditionModel"')
    edit({ unet: ['diffusers', 'UNet2DConditionModel'], image_encoder: ['transformers', 'CLIPVisionModel'] })
    await expect(StableDiffusionPipeline.fromPretrained(copy)).rejects.toThrow('"image_encoder" is "CLIPVisionModel"')
  })
})

/** Of two pictures' bytes. */
const different = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

test('a scheduler of an old file counts from step 1 and clips no sample, as diffusers mends it', async () => {
  const scheduler = DDIMScheduler.fromConfig({ beta_schedule: 'scaled_linear' })
  const { config } = (await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu', scheduler })).scheduler
  expect([scheduler.config.stepsOffset, scheduler.config.clipSample]).toEqual([0, true])
  expect([config.stepsOffset, config.clipSample]).toEqual([1, false])
})

test('weights that do not fit are told by fromPretrained, before any call', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'sdnb-early-'))
  cpSync(folder, copy, { recursive: true })
  const file = join(copy, 'unet/config.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), cross_attention_dim: 8 }))
  await expect(StableDiffusionPipeline.fromPretrained(copy, { device: 'cpu' })).rejects.toThrow(CorruptWeightsError)
  rmSync(copy, { recursive: true })
})
