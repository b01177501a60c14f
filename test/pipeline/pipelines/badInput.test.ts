import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type CallOptions,
  CorruptWeightsError,
  FlowMatchEulerDiscreteScheduler,
  Image,
  InvalidOptionError,
  ModelNotFoundError,
  StableDiffusionPipeline,
  type Tensor,
  UNet2DConditionModel,
  UnsupportedModelError,
} from '../../../src/pipeline/index.js'
import { editHeader } from '../../support/safetensors.js'

const whole = fileURLToPath(new URL('../../fixtures/pipelines/sd1', import.meta.url))
const unetWeights = 'unet/diffusion_pytorch_model.safetensors'

describe('a folder that is not a whole model', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sdnb-bad-'))
    cpSync(whole, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const at = (name: string) => join(folder, name)

  async function draw(): Promise<void> {
    await using pipeline = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
    await pipeline('a car', { numInferenceSteps: 1 })
  }

  function editJson(name: string, change: Record<string, unknown>): void {
    writeFileSync(at(name), JSON.stringify({ ...JSON.parse(readFileSync(at(name), 'utf8')), ...change }))
  }

  it('draws as long as nothing is broken', async () => {
    await draw()
  })

  it('a folder that is not there', async () => {
    const nowhere = at('nowhere')
    const error = await failure(StableDiffusionPipeline.fromPretrained(nowhere))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toContain(nowhere)
  })

  it('a folder that holds no model', async () => {
    const error = await failure(StableDiffusionPipeline.fromPretrained(at('scheduler')))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toContain('model_index.json')
  })

  it.each([
    'model_index.json',
    'unet/config.json',
    'scheduler/scheduler_config.json',
    'tokenizer/vocab.json',
    unetWeights,
  ])('a missing %s', async name => {
    rmSync(at(name))
    const error = await failure(draw())
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toContain(name.split('/').pop()!.split('.')[0])
    expect(error.message).toContain(folder)
  })

  it.each([0, 5, 1000, 2_000_000])('weights cut off after %i bytes', async length => {
    truncateSync(at(unetWeights), length)
    const error = await failure(draw())
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toContain(unetWeights)
  })

  it('weights whose header is longer than the file', async () => {
    const file = readFileSync(at(unetWeights))
    file.writeBigUInt64LE(BigInt(file.length))
    writeFileSync(at(unetWeights), file)
    const error = await failure(draw())
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toContain(`${file.length} bytes`)
  })

  it('weights of another shape', async () => {
    editHeader(at(unetWeights), header => {
      expect(header['conv_in.weight'].shape).toEqual([32, 4, 3, 3])
      header['conv_in.weight'].shape = [32, 4, 9, 1]
    })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toMatch(/\[32, 4, 3, 3\] for "conv_in\.weight".*\[32, 4, 9, 1\]/)
  })

  it('weights that lack a tensor', async () => {
    editHeader(at(unetWeights), header => {
      header['conv_in.wait'] = header['conv_in.weight']
      delete header['conv_in.weight']
    })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toContain('conv_in.w')
  })

  it('weights in a pickle, which is never opened', async () => {
    rmSync(at(unetWeights))
    pipeNobodyWrites(at('unet/diffusion_pytorch_model.bin'))
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/pickle.*diffusion_pytorch_model\.bin.*never opened/s)
  })

  it('a pickle in place of a folder, which is never opened', async () => {
    pipeNobodyWrites(at('sd-v1-4.ckpt'))
    const error = await failure(StableDiffusionPipeline.fromPretrained(at('sd-v1-4.ckpt')))
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/sd-v1-4\.ckpt.*pickle.*never opened/s)
  })

  it('a pickle that calls itself .safetensors', async () => {
    writeFileSync(at(unetWeights), Buffer.concat([Buffer.from([0x80, 0x02]), Buffer.alloc(100, '}q\x00')]))
    const error = await failure(draw())
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toContain('no safetensors file')
  })

  it('a scheduler that nobody knows', async () => {
    editJson('scheduler/scheduler_config.json', { _class_name: 'MiracleScheduler' })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/MiracleScheduler.*PNDMScheduler/s)
  })

  it.each([
    'model_index.json',
    'unet/config.json',
    'vae/config.json',
    'text_encoder/config.json',
    'scheduler/scheduler_config.json',
  ])('a key of %s that nobody knows', async name => {
    editJson(name, { frequency: 3 })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toContain('"frequency" is 3; no ')
  })

  it('a scheduler setting that nobody knows', async () => {
    editJson('scheduler/scheduler_config.json', { beta_schedule: 'staircase' })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/beta_schedule.*staircase/s)
  })

  it('a pipeline of another class', async () => {
    editJson('model_index.json', { _class_name: 'KandinskyPipeline' })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toContain('KandinskyPipeline')
  })

  it('a model setting that is not run here', async () => {
    editJson('unet/config.json', { class_embed_type: 'identity' })
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/class_embed_type.*identity/s)
  })

  it('a U-Net that takes other latents than the VAE makes', async () => {
    editJson('unet/config.json', { in_channels: 8 })
    editHeader(at(unetWeights), header =>
      Object.assign(header['conv_in.weight'], { dtype: 'F16', shape: [32, 8, 3, 3] }),
    )
    const error = await failure(draw())
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/unet\/config\.json: "in_channels" is 8; .*latent_channels, 4/)
  })

  it('weights that are no numbers, as a damaged file may hold', async () => {
    const bytes = readFileSync(at(unetWeights))
    bytes.fill(0xff, bytes.length - 64)
    writeFileSync(at(unetWeights), bytes)
    await expect(draw()).rejects.toThrow(CorruptWeightsError)
    await expect(draw()).rejects.toThrow(
      'the unet gave values that are no numbers: its weights, or what it was given, hold',
    )
  })

  it('a config that is no JSON', async () => {
    writeFileSync(at('vae/config.json'), '{ "act_fn": silu }')
    const error = await failure(draw())
    expect(error.message).toContain(`${at('vae/config.json')}:1:13`)
  })
})

describe('a call with a wrong argument', () => {
  let pipeline: StableDiffusionPipeline

  beforeAll(async () => {
    pipeline = await StableDiffusionPipeline.fromPretrained(whole, { device: 'cpu' })
  })
  afterAll(() => pipeline?.dispose())

  it.each<[what: string, options: Record<string, unknown>, message: RegExp]>([
    ['width 500', { width: 500 }, /width.*multiple of 8.*500/],
    ['height 0', { height: 0 }, /height.*multiple of 8.*0/],
    ['a height in words', { height: '64' }, /height.*64/],
    ['0 steps', { numInferenceSteps: 0 }, /numInferenceSteps.*at least 1.*0/],
    ['half a step', { numInferenceSteps: 0.5 }, /numInferenceSteps.*0\.5/],
    ['0 pictures', { numImagesPerPrompt: 0 }, /numImagesPerPrompt.*0/],
    ['guidance that is no number', { guidanceScale: Number.NaN }, /guidanceScale.*NaN/],
    ['an output type nobody knows', { outputType: 'pil' }, /outputType.*pil/],
    ['two negative prompts for one prompt', { negativePrompt: ['blurry', 'ugly'] }, /negativePrompt.*1.*2/],
    [
      'latents of another size',
      { latents: { type: 'float32', dims: [1, 4], data: [0, 0, 0, 0] } },
      /latents.*1, 4, 8, 8/,
    ],
    ['latents with too few values', { latents: tensorOf([1, 4, 8, 8], 3) }, /latents.*1, 4, 8, 8.*3 values/],
    ['latents that are an array', { latents: new Float32Array(256) }, /latents must be a tensor/],
    ['a negative embedding of two prompts', { negativePromptEmbeds: tensorOf([2, 77, 32]) }, /\[1, 77, 32\].*\[2, 77/],
    ['noise levels that are none', { sigmas: [14, Number.NaN, 0] }, /sigmas.*NaN/],
    ['timesteps in words', { timesteps: ['999', '1'] }, /timesteps.*"999"/],
    ['a seed in words', { seed: '7' }, /seed.*'7'/],
    ['a signal that is none', { signal: {} }, /signal must be an AbortSignal/],
    [
      'a callback whose latents have another size',
      { numInferenceSteps: 1, callbackOnStepEnd: () => ({ latents: tensorOf([1, 4, 4, 4]) }) },
      /callbackOnStepEnd.*1, 4, 8, 8.*1, 4, 4, 4/,
    ],
    ['an option with a typing mistake', { numInferenceStep: 5 }, /numInferenceStep"?.*numInferenceSteps/],
    ['an option under its Python name', { guidance_scale: 5 }, /guidance_scale.*guidanceScale/],
  ])('%s', async (_what, options, message) => {
    const error = await failure(pipeline('a car', options as CallOptions))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toMatch(message)
  })

  it.each<[what: string, dims: number[], message: RegExp]>([
    ['an embedding of other features', [1, 77, 8], /promptEmbeds.*32\].*\[1, 77, 8\]/],
    ['an embedding of no prompt', [0, 77, 32], /promptEmbeds.*\[0, 77, 32\]/],
    ['an embedding as long as no negative prompt is', [1, 10, 32], /10 tokens need negativePromptEmbeds \[1, 10, 32\]/],
  ])('%s', async (_what, dims, message) => {
    const error = await failure(pipeline(undefined, { promptEmbeds: tensorOf(dims) }))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toMatch(message)
  })

  const text = () => ({ encoderHiddenStates: tensorOf([1, 77, 32]) })
  it.each<[what: string, call: () => Promise<unknown>, message: RegExp]>([
    ['a U-Net: latents of three channels', () => pipeline.unet(tensorOf([1, 3, 8, 8]), 1, text()), /4.*\[1, 3, 8, 8\]/],
    ['a U-Net: a text for two', () => pipeline.unet(tensorOf([2, 4, 8, 8]), 1, text()), /\[2, tokens, 32\]/],
    ['a U-Net: no timestep', () => pipeline.unet(tensorOf([1, 4, 8, 8]), Number.NaN, text()), /timestep.*NaN/],
    ['a text encoder: a bare list', () => pipeline.textEncoder([1, 2] as never), /list of lists/],
    ['a text encoder: two lengths', () => pipeline.textEncoder([[1, 2], [1]]), /2 and 1/],
    [
      'an autoencoder: a picture of 10×10',
      () => pipeline.vae.encode(new Image(new Uint8Array(300), 10, 10)),
      /8.*10×10/,
    ],
    ['an autoencoder: a path', () => pipeline.vae.encode('car.png' as never), /image.*string/],
    ['an autoencoder: no latents', () => pipeline.vae.decode(tensorOf([0, 4, 8, 8])), /\[0, 4, 8, 8\]/],
    ['a tokenizer: a number', async () => pipeline.tokenizer(5 as never), /prompt.*number/],
  ])('%s', async (_what, call, message) => {
    const error = await failure(call())
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toMatch(message)
  })

  it.each<[what: string, options: Record<string, unknown>, message: RegExp]>([
    ['a type that is none here', { dtype: 'bfloat16' }, /dtype.*float32, float16.*bfloat16/],
    ['an option under its Python name', { torch_dtype: 'float16' }, /torch_dtype.*dtype/],
    ['a scheduler by its name', { scheduler: 'DDIMScheduler' }, /scheduler.*fromConfig.*"DDIMScheduler"/],
    [
      'a scheduler of flows',
      { scheduler: new FlowMatchEulerDiscreteScheduler() },
      /noise or velocity.*FlowMatchEuler.*take EulerDiscreteScheduler/,
    ],
    ['a device nobody has', { device: 'mps:0' }, /device.*mps:0/],
    ['a safety checker', { safetyChecker: {} }, /safetyChecker must be null/],
  ])('fromPretrained: %s', async (_what, options, message) => {
    const error = await failure(StableDiffusionPipeline.fromPretrained(whole, options))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toMatch(message)
  })

  it.each<[what: string, prompt: unknown]>([
    ['an empty list of prompts', []],
    ['no prompt', undefined],
    ['a prompt that is a number', 7],
  ])('%s', async (_what, prompt) => {
    const error = await failure(pipeline(prompt as string))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toContain('prompt')
  })

  it('a scheduler of flows in the place of its own, before anything runs', async () => {
    const { scheduler } = pipeline
    pipeline.scheduler = new FlowMatchEulerDiscreteScheduler()
    const error = await failure(pipeline('a car', { numInferenceSteps: 1 }))
    pipeline.scheduler = scheduler
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toContain('got a FlowMatchEulerDiscreteScheduler')
  })

  it('a part in the place of its own that does not belong to the others, before anything runs', async () => {
    const { unet, vae } = pipeline
    const at = fileURLToPath(new URL('../../fixtures/pipelines', import.meta.url))
    pipeline.unet = await UNet2DConditionModel.fromPretrained(join(at, 'inpaint'), { device: 'cpu' })
    expect((await failure(pipeline('a car'))).message).toMatch(
      /inpaint: "in_channels" is 9; text to image needs the VAE's latent_channels, 4: load this model with StableDiffusionInpaint/,
    )
    pipeline.unet = await UNet2DConditionModel.fromPretrained(join(at, 'sd2'), { subfolder: 'unet', device: 'cpu' })
    const error = await failure(pipeline('a car'))
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(/^sd2\/unet: "\w+" is \d+; text to image needs/)
    Object.assign(pipeline, { unet, vae })
  })

  it('a signal that was aborted before', async () => {
    const error = await failure(pipeline('a car', { signal: AbortSignal.abort() }))
    expect(error.name).toBe('AbortError')
  })

  it('a signal that is aborted after the second of 50 steps ends the call before the third', async () => {
    const controller = new AbortController()
    const seen: number[] = []
    const error = await failure(
      pipeline('a car', {
        signal: controller.signal,
        callbackOnStepEnd(_pipeline, step) {
          seen.push(step)
          if (step === 1) controller.abort()
        },
      }),
    )
    expect(error.name).toBe('AbortError')
    expect(seen).toEqual([0, 1])
  })

  it('and the next call draws', async () => {
    const { images } = await pipeline('a car', { numInferenceSteps: 1 })
    expect(images.map(({ width, height }) => [width, height])).toEqual([[64, 64]])
  })
})

function tensorOf(dims: number[], values = dims.reduce((size, dim) => size * dim, 1)): Tensor {
  return { type: 'float32', dims, data: new Float32Array(values) }
}

/** What a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error, 'expected an error').toBeInstanceOf(Error)
  return error as Error
}

/** Whoever opens it to read waits forever; where there are no named pipes, an empty file must do. */
function pipeNobodyWrites(path: string): void {
  if (process.platform === 'win32') writeFileSync(path, '')
  else execFileSync('mkfifo', [path])
}
