import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseParameters } from '../../../src/pipeline/image/parameters.js'
import {
  AutoencoderKL,
  type CallOptions,
  callOptions,
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  type FromPretrainedOptions,
  Generator,
  HeunDiscreteScheduler,
  Image,
  type ImageParameters,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionPipeline,
  schedulerFromParameters,
} from '../../../src/pipeline/index.js'

const quick = { numInferenceSteps: 3, width: 64, height: 64, seed: 5 }
const folder = mkdtempSync(join(tmpdir(), 'sdnb-again-'))
const file = join(folder, 'a.png')

let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
})
afterAll(async () => {
  await pipeline.dispose()
  rmSync(folder, { recursive: true })
})

async function again({ parameters }: Image, pipeline: StableDiffusionPipeline): Promise<Image> {
  pipeline.scheduler = schedulerFromParameters(parameters!, pipeline.scheduler.config)
  const { images } = await pipeline(parameters!.prompt, callOptions(parameters!))
  return images[parameters!.batch?.index ?? 0]
}

describe('a saved picture is drawn again from its file, byte for byte', () => {
  const own = () => pipeline.scheduler.config
  const cases: [string, CallOptions, (() => StableDiffusionPipeline['scheduler'])?][] = [
    ['plainly', {}],
    ['zeros', { seed: 0, guidanceScale: 0 }],
    [
      'a size, a negative prompt, a rescaled guidance',
      { width: 72, height: 40, negativePrompt: 'f, "o"\ng', guidanceRescale: 0.7 },
    ],
    ['a seed beyond 2⁵³', { seed: 2n ** 64n - 1n }],
    ['a faster quality', { numInferenceSteps: 8, quality: 'fast' }],
    ['a layer left out', { clipSkip: 1 }],
    ['the web UI’s syntax', { promptSyntax: 'a1111', negativePrompt: '(fog:1.3)' }],
    ['DDIM with noise', { eta: 0.5 }, () => DDIMScheduler.fromConfig(own())],
    [
      'a scheduler of one’s own',
      {},
      () =>
        EulerDiscreteScheduler.fromConfig({
          ...own(),
          useKarrasSigmas: true,
          timestepSpacing: 'trailing',
          predictionType: 'v_prediction',
        }),
    ],
    [
      'an SDE',
      {},
      () => DPMSolverMultistepScheduler.fromConfig({ ...own(), algorithmType: 'sde-dpmsolver++', solverType: 'heun' }),
    ],
    ['two calls a step', { promptSyntax: 'a1111' }, () => HeunDiscreteScheduler.fromConfig(own())],
    ['timesteps of one’s own', { timesteps: [990, 400, 10] }, () => EulerDiscreteScheduler.fromConfig(own())],
    ['sigmas of one’s own', { sigmas: [14, 3, 0.5, 0] }, () => EulerDiscreteScheduler.fromConfig(own())],
    [
      'the third that one generator drew',
      { seed: undefined, generator: new Generator(9), numImagesPerPrompt: 3 },
      () => EulerAncestralDiscreteScheduler.fromConfig(own()),
    ],
  ]
  test.each(cases)('%s', async (_, options, scheduler) => {
    const before = pipeline.scheduler
    if (scheduler) pipeline.scheduler = scheduler()
    const drawn = (await pipeline('a (red:1.2) [car|boat]', { ...quick, ...options })).images.at(-1)!
    pipeline.scheduler = before
    await drawn.save(file)
    const opened = await Image.open(file)
    expect(opened.parameters).toEqual(drawn.parameters)
    const repeated = await again(opened, pipeline)
    pipeline.scheduler = before
    expect(await repeated.toPNG()).toEqual(await drawn.toPNG())
  })

  test('of a prompt among others that one generator drew', async () => {
    const { images } = await pipeline(['a car', 'a boat'], { ...quick, seed: undefined, generator: new Generator(9) })
    expect(images[1].parameters).toMatchObject({ prompt: 'a boat', batch: { index: 1, count: 2 } })
    expect((await again(images[1], pipeline)).data).toEqual(images[1].data)
  })

  test.each([{ dtype: 'float16' }, { quantization: 'nf4' }] as const)(
    'with the model loaded as it says: %o',
    async how => {
      vi.stubEnv('XDG_CACHE_HOME', folder)
      const load = (options: Pick<FromPretrainedOptions, 'dtype' | 'quantization'>) =>
        StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu', ...options })
      await using other = await load(how)
      const [drawn] = (await other('a car', quick)).images
      await drawn.save(file)
      const opened = await Image.open(file)
      expect(opened.parameters).toMatchObject(how)
      const { dtype, quantization } = opened.parameters as typeof how & FromPretrainedOptions
      await using same = await load({ ...(dtype && { dtype }), ...(quantization && { quantization }) })
      expect((await again(opened, same)).data).toEqual(drawn.data)
      vi.unstubAllEnvs()
    },
  )
})

test('parts of their own and tiles are told; a pipeline that is not as the one before says in what', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const parts = join(import.meta.dirname, '../../fixtures/pipelines')
  await using other = await StableDiffusionPipeline.fromPretrained(join(parts, 'sd1'), { device: 'cpu' })
  const draw = async () => (await other('a car', { ...quick, width: 96 })).images[0]
  const plain = await draw()
  expect(plain.parameters).not.toHaveProperty('vae')
  expect(callOptions(plain.parameters!, other)).toEqual(callOptions(plain.parameters!))
  expect(warn).not.toHaveBeenCalled()

  const own = other.vae as AutoencoderKL
  other.vae = await AutoencoderKL.fromPretrained(join(parts, 'half'), { subfolder: 'vae', device: 'cpu' })
  other.enableVaeTiling(64)
  const drawn = await draw()
  await drawn.save(file)
  const { parameters } = await Image.open(file)
  expect(parameters).toMatchObject({ vae: 'half/vae', vaeTileSize: 64, model: 'sd1' })
  expect((await other(parameters!.prompt, callOptions(parameters!, other))).images[0].data).toEqual(drawn.data)
  expect(warn).not.toHaveBeenCalled()
  other.disableVaeTiling()
  expect((await draw()).data).not.toEqual(drawn.data)

  await other.vae.release()
  other.vae = own
  other.scheduler = DDIMScheduler.fromConfig(other.scheduler.config)
  callOptions(parameters!, other)
  callOptions(plain.parameters!, pipeline)
  expect(warn.mock.calls).toEqual([
    [
      expect.stringMatching(
        /^The picture was made by another pipeline than this, which may draw another\. VAE of its own: half\/vae, here none; tile size of the VAE: 64, here none; scheduler: \{.*PNDM.*\}, here \{.*DDIM.*\}$/,
      ),
    ],
    [expect.stringMatching(/another\. model: sd1, here sdnb\/tiny/)],
  ])
  warn.mockRestore()
})

test('a picture of a picture is drawn again with that picture', async () => {
  const image = new Image(new Uint8Array(64 * 64 * 3).fill(90), 64, 64)
  const changing = StableDiffusionImg2ImgPipeline.fromPipe(pipeline)
  const options = { numInferenceSteps: 8, seed: 5, strength: 0.5, promptSyntax: 'a1111' } as const
  const [drawn] = (await changing('a car AND (a tree:1.2):0.5', { ...options, image })).images
  await drawn.save(file)
  const { parameters } = await Image.open(file)
  expect(parameters).toMatchObject({ pipeline: 'StableDiffusionImg2ImgPipeline', strength: 0.5 })
  const { images } = await changing(parameters!.prompt, { ...callOptions(parameters!), image })
  expect(images[0].data).toEqual(drawn.data)
})

test('a picture that took what no text holds is not drawn as another', async () => {
  const latents = { dims: [1, 4, 8, 8], data: new Float32Array(256).fill(0.1), type: 'float32' } as const
  const used = new Generator(3)
  used.uint32()
  for (const [options, name] of [
    [{ latents: { ...latents, dims: [...latents.dims] } }, 'latents'],
    [{ seed: undefined, generator: used }, 'generator'],
    [
      { callbackOnStepEnd: (_: unknown, __: number, ___: number, values: { latents: Image }) => values },
      'callbackOnStepEnd',
    ],
  ] as [CallOptions, string][]) {
    const [image] = (await pipeline('a car', { ...quick, ...options })).images
    expect(() => callOptions(image.parameters!)).toThrow(`it took ${name}, which they do not hold`)
  }
})

describe('a file of stable-diffusion-webui', () => {
  const text = `a (red:1.2) car
Negative prompt: fog
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x768, Model hash: 0123456789, Model: sd15, Clip skip: 2, Version: v1.10.1`

  test('gives the options of a call, its syntax among them', () => {
    expect(callOptions(parseParameters(text))).toEqual({
      ...{ negativePrompt: 'fog', width: 512, height: 768, numInferenceSteps: 20, guidanceScale: 7, seed: 1 },
      ...{ clipSkip: 1, promptSyntax: 'a1111' },
    })
  })

  test.each<[string, object]>([
    [
      'Sampler: DPM++ 2M, Schedule type: Karras',
      { _className: 'DPMSolverMultistepScheduler', useKarrasSigmas: true, timestepSpacing: 'linspace' },
    ],
    ['Sampler: DPM++ 2M Karras', { _className: 'DPMSolverMultistepScheduler', useKarrasSigmas: true }],
    [
      'Sampler: DPM++ 2M SDE Heun Exponential',
      { algorithmType: 'sde-dpmsolver++', solverType: 'heun', useExponentialSigmas: true },
    ],
    [
      'Sampler: Euler, Schedule type: SGM Uniform',
      { _className: 'EulerDiscreteScheduler', timestepSpacing: 'trailing', useKarrasSigmas: false },
    ],
    [
      'Sampler: Euler a, Schedule type: Automatic',
      { _className: 'EulerAncestralDiscreteScheduler', timestepSpacing: 'linspace' },
    ],
    ['Sampler: DDIM', { _className: 'DDIMScheduler', timestepSpacing: 'leading', betaEnd: 0.012 }],
    ['Sampler: DPM2 a Karras', { _className: 'KDPM2AncestralDiscreteScheduler', useKarrasSigmas: true }],
    ['Sampler: UniPC', { _className: 'UniPCMultistepScheduler', betaEnd: 0.012 }],
    ['Sampler: LCM', { _className: 'LCMScheduler' }],
    ['Sampler: PLMS', { _className: 'PNDMScheduler' }],
    ['Size: 8x8', { _className: 'PNDMScheduler' }],
  ])('with %s names the scheduler', (settings, config) => {
    const parameters = parseParameters(`a car\nSteps: 20, Seed: 1, ${settings}`)
    expect(schedulerFromParameters(parameters, pipeline.scheduler.config).config).toMatchObject(config)
  })

  test.each<[Partial<ImageParameters>, string]>([
    [{ sampler: 'DPM adaptive' }, 'sampler "DPM adaptive" is not known here; known: Euler, Euler a,'],
    [
      { sampler: 'Euler', scheduleType: 'KL Optimal' },
      'schedule type "KL Optimal" is not known here; known: Automatic,',
    ],
    [
      { sampler: 'Euler a Karras' },
      'sampler "Euler a" is not known here with schedule type "Karras": EulerAncestralDiscreteScheduler has no useKarrasSigmas',
    ],
    [{ sampler: 'toString' }, 'sampler "toString" is not known here'],
  ])('with what is not built here is refused by its name: %j', (parameters, message) =>
    expect(() => schedulerFromParameters({ prompt: '', ...parameters }, pipeline.scheduler.config)).toThrow(message),
  )
})
