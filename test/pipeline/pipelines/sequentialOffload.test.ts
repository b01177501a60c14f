import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  ControlNetModel,
  Image,
  StableDiffusionControlNetPipeline,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionPipeline,
} from '../../../src/pipeline/index.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { expectSameBits } from '../../support/compare.js'
import { childrenOf, mappedBy } from '../../support/processes.js'

const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/pipelines', name)
const load = (name: string, options = {}) =>
  StableDiffusionPipeline.fromPretrained(fixture(name), { device: 'cpu', ...options })

let cache: string
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'sequential-'))
  vi.stubEnv('XDG_CACHE_HOME', cache)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true, force: true })
})
afterEach(() => openEngine('cpu').dispose())

const prompt = 'photograph of a red car'
const short = { numInferenceSteps: 3, seed: 1, height: 64, width: 64 }

/** As users do, but that networks of these sizes are cut, too: the U-Net into some forty pieces. */
function enableSequential(pipeline: Pick<StableDiffusionPipeline, 'enableSequentialCpuOffload' | 'unet'>): void {
  pipeline.enableSequentialCpuOffload()
  pipeline.unet.placement.pieceBytes = 20_000
}

// Bit for bit: cuts lie where little is alive, so that they part no layer from what onnxruntime computes with it as one.
describe('drawn a few layers at a time, latents are the same', () => {
  const latentsOf = async (pipeline: StableDiffusionPipeline, options = {}) =>
    (await pipeline(prompt, { ...short, ...options, outputType: 'latent' })).latents!.data

  async function expectSame(pipeline: StableDiffusionPipeline, options = {}): Promise<void> {
    const whole = await latentsOf(pipeline, options)
    enableSequential(pipeline)
    expectSameBits(await latentsOf(pipeline, options), whole, 'latents')
  }

  test('from weights in single precision, and in half', async () => {
    await expectSame(await load('sd1'))
    await expectSame(await load('half'))
  })

  test.each(['peft', 'loha', 'lokr'])('with an adapter, %s, beside the layers and fused into them', async name => {
    const pipeline = await load('sd1')
    const without = await latentsOf(pipeline)
    await pipeline.loadLoraWeights(fixture(`lora/${name}.safetensors`))
    await expectSame(pipeline)
    pipeline.disableSequentialCpuOffload()
    pipeline.fuseLora()
    await expectSame(pipeline)
    expect(await latentsOf(pipeline)).not.toEqual(without)
  })

  test.each(['int8', 'nf4'])('with quantization, %s, and an adapter on it', async quantization => {
    const pipeline = await load('sd1', { quantization })
    await expectSame(pipeline)
    pipeline.disableSequentialCpuOffload()
    await pipeline.loadLoraWeights(fixture('lora/lokr.safetensors'))
    await expectSame(pipeline)
  })

  test('with 8-bit integers and forecasts of deep features', async () => {
    await expectSame(await load('sd1'), { quality: 'balanced', numInferenceSteps: 5 })
  })

  test('with words of a textual inversion', async () => {
    const pipeline = await load('sd1')
    await pipeline.loadTextualInversion(fixture('inversion/webui.pt'))
    await expectSame(pipeline, { negativePrompt: 'webui' })
  })
})

test('with a ControlNet, in the graph of the U-Net', async () => {
  const controlnet = await ControlNetModel.fromPretrained(fixture('controlnet'), { device: 'cpu' })
  const pipeline = StableDiffusionControlNetPipeline.fromPipe(await load('sd2'), { controlnet })
  const draw = async (image: Image) => (await pipeline(prompt, { ...short, image })).images[0].data
  const whole = await draw(gradient(64))
  enableSequential(pipeline)
  expect(await draw(gradient(64))).toEqual(whole)
  expect(await draw(gradient(16))).not.toEqual(whole)
})

test('from image to image: encoder and decoder are in pieces, too', async () => {
  const pipeline = StableDiffusionImg2ImgPipeline.fromPipe(await load('sd1'))
  const draw = async () =>
    (await pipeline(prompt, { numInferenceSteps: 3, seed: 1, image: gradient(64) })).images[0].data
  const whole = await draw()
  enableSequential(pipeline)
  expect(await draw()).toEqual(whole)
})

/** As much of grey as the column says. */
function gradient(period: number): Image {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.floor(i / 3) % period) * (256 / period))
  return new Image(data, 64, 64)
}

/** How many weight files the engine has in its memory after each step, and after the call. */
async function filesHeld(pipeline: StableDiffusionPipeline): Promise<{ steps: number[]; after: number }> {
  const files = () => childrenOf(process.pid).flatMap(pid => mappedBy(pid, '.safetensors')).length
  const counts: number[] = []
  for await (const _ of pipeline.steps(prompt, short)) counts.push(files())
  return { steps: [...new Set(counts)], after: files() }
}

test('the engine holds no weights when a step is done, nor when the call is', async () => {
  const pipeline = await load('sd1')
  expect(await filesHeld(pipeline)).toEqual({ steps: [2], after: 3 }) // text encoder and U-Net, then the decoder
  enableSequential(pipeline)
  expect(await filesHeld(pipeline)).toEqual({ steps: [0], after: 0 })
})

describe('of the two kinds of offloading the last one called counts', () => {
  let pipeline: StableDiffusionPipeline
  beforeEach(async () => {
    pipeline = await load('sd1')
  })

  test('sequential, then model', async () => {
    enableSequential(pipeline)
    pipeline.enableModelCpuOffload()
    expect(await filesHeld(pipeline)).toEqual({ steps: [1], after: 0 })
  })

  test('model, then sequential', async () => {
    pipeline.enableModelCpuOffload()
    enableSequential(pipeline)
    expect(await filesHeld(pipeline)).toEqual({ steps: [0], after: 0 })
  })

  test.each(['disableSequentialCpuOffload', 'disableModelCpuOffload'] as const)('none after %s', async disable => {
    enableSequential(pipeline)
    pipeline[disable]()
    expect(await filesHeld(pipeline)).toEqual({ steps: [2], after: 3 })
  })

  test('and pipelines of the same parts, made later, have it', async () => {
    enableSequential(pipeline)
    expect(await filesHeld(StableDiffusionPipeline.fromPipe(pipeline))).toEqual({ steps: [0], after: 0 })
  })
})

test('a stop within a step leaves the engine as it is', async () => {
  const pipeline = await load('sd1')
  enableSequential(pipeline)
  const stop = new AbortController()
  const steps = pipeline.steps(prompt, { ...short, signal: stop.signal })
  await steps.next()
  const pids = childrenOf(process.pid)
  const next = steps.next()
  setTimeout(() => stop.abort(), 20)
  await expect(next).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  await pipeline.textEncoder([[0, 1]])
  expect(childrenOf(process.pid)).toEqual(pids)
})
