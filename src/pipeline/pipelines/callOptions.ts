import { InvalidOptionError } from '../errors.js'
import type { Image } from '../image/image.js'
import type { CrossAttentionKwargs } from '../models/unet2DConditionModel.js'
import { checkNames, checkSignal, finite, oneOf, shown, side, whole } from '../optionChecks.js'
import { Generator } from '../random.js'
import type { Device } from '../runtime/engine.js'
import { checkedTensor, type Tensor } from '../tensor.js'
import { type Quality, qualities } from './quality.js'
import type { StableDiffusionPipeline } from './stableDiffusion.js'

/** What a call takes beside the prompt. `0` and `''` are values; only `undefined` means "not given". */
export interface CallOptions<Pipeline = StableDiffusionPipeline> {
  /** pixels, a multiple of 8 (default: the model's own size) */
  height?: number
  /** pixels, a multiple of 8 (default: the model's own size) */
  width?: number
  /** 1 or more (50) */
  numInferenceSteps?: number
  /** instead of the scheduler's own, descending, for DDPM, Euler, Heun, DPM-Solver, LCM and TCD; excludes `sigmas` and counts the steps */
  timesteps?: number[]
  /** noise levels instead of the scheduler's own, descending, the last one reached included, for Euler; excludes `timesteps` */
  sigmas?: number[]
  /** how much the prompt weighs; up to 1 there is no guidance (7.5). Ho and Salimans 2022, as diffusers counts it */
  guidanceScale?: number
  /** 0…1, against overexposure (0). Lin et al. 2023, section 3.4 */
  guidanceRescale?: number
  /**
   * how prompts are read: `'plain'`, as words, or `'a1111'`, as stable-diffusion-webui reads `(weights:1.2)`, `[a:b:0.5]`, `[a|b]`, `AND` and `BREAK`, of
   * any length (`'plain'`)
   */
  promptSyntax?: PromptSyntax
  /** what not to show: one for all prompts, or one a prompt (`''`) */
  negativePrompt?: string | string[]
  /** 1 or more (1) */
  numImagesPerPrompt?: number
  /** noise added at each step by DDIM and TCD, 0…1 (0) */
  eta?: number
  /** one draws for the whole batch; a list has one a picture. Excludes `seed` */
  generator?: Generator | Generator[]
  /** picture i of the call gets `seed + i`, each reproducible alone (a fresh random one) */
  seed?: number | bigint
  /** unit-variance noise to start from, [pictures, channels, height/8, width/8] */
  latents?: Tensor
  /** [prompts, tokens, features], instead of a prompt */
  promptEmbeds?: Tensor
  /** [prompts, tokens, features], instead of a negative prompt */
  negativePromptEmbeds?: Tensor
  /**
   * exact, or faster with a picture that differs: `'balanced'`, `'fast'` (`'exact'`). The more guidance and the fewer steps, the more it
   * differs. Ma, Fang and Wang 2023 (DeepCache); on a CPU with VNNI or the like also in 8-bit integers, whose weights are made once
   * and kept in ~/.cache/sdnb/int8 (XDG_CACHE_HOME)
   */
  quality?: Quality
  /** text encoder layers left out before the last, 0 or more */
  clipSkip?: number
  /** `scale`: of all LoRA that are not fused, times the weights of `setAdapters` (1) */
  crossAttentionKwargs?: CrossAttentionKwargs
  /** `'latent'` leaves the latents as they are, undecoded (`'image'`) */
  outputType?: 'image' | 'latent'
  /** called after each step; `latents` in what it returns replace the step's */
  callbackOnStepEnd?(
    pipeline: Pipeline,
    step: number,
    timestep: number,
    values: { latents: Tensor },
  ): StepEnd | Promise<StepEnd>
  /** ends the call between two steps, or within 2 s of a step that lasts longer */
  signal?: AbortSignal
}

/** How prompts are read: as words, or as stable-diffusion-webui (AUTOMATIC1111) reads them. */
export type PromptSyntax = (typeof promptSyntaxes)[number]

const promptSyntaxes = ['plain', 'a1111'] as const

// biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is the common case
type StepEnd = { latents?: Tensor } | void

/** What a call gives. */
export interface PipelineOutput {
  /** empty with `outputType: 'latent'` */
  images: Image[]
  /** [pictures, channels, height/8, width/8], scaled; only with `outputType: 'latent'` */
  latents?: Tensor
  /** absent where no safety checker ran */
  nsfwContentDetected?: boolean[]
  /** of each picture */
  seeds: (number | bigint)[]
  /** the device that ran */
  device: string
  /** milliseconds */
  timings: { encode: number; denoise: number; decode: number; total: number }
}

/** A call with every default filled in and every range checked. */
export interface Call extends CallOptions<unknown> {
  /** instead of the pipeline's own */
  device?: Device
  prompts: string[] | undefined
  negativePrompts: string[]
  /** pictures in all: prompts × numImagesPerPrompt */
  batch: number
  height: number
  width: number
  numInferenceSteps: number
  guidanceScale: number
  guidanceRescale: number
  promptSyntax: PromptSyntax
  numImagesPerPrompt: number
  eta: number
  generator: Generator | Generator[]
  seeds: (number | bigint)[]
  /** no generators were given: each picture has its own, and is to come out as it would alone */
  seeded: boolean
  /** what pictures the call takes: each [1 or prompts, channels, height, width] */
  images?: readonly Tensor[]
  /** of a picture that is changed */
  strength?: number
  /** of a mask whose surroundings alone are painted */
  paddingMaskCrop?: number | undefined
  /** ControlNets and their weights, as a picture's parameters tell them */
  controlNet?: string
  /** what makes the pictures beside all that their parameters tell */
  untold: Set<string>
  clipSkip: number
  quality: Quality
  outputType: 'image' | 'latent'
}

export const callOptionNames: ReadonlySet<string> = new Set([
  'height',
  'width',
  'numInferenceSteps',
  'timesteps',
  'sigmas',
  'guidanceScale',
  'guidanceRescale',
  'promptSyntax',
  'negativePrompt',
  'numImagesPerPrompt',
  'eta',
  'generator',
  'seed',
  'latents',
  'promptEmbeds',
  'negativePromptEmbeds',
  'clipSkip',
  'quality',
  'crossAttentionKwargs',
  'outputType',
  'callbackOnStepEnd',
  'signal',
] satisfies (keyof CallOptions)[])

/** What of a pipeline decides which sizes fit. */
export interface Sizes {
  /** pixels; undefined where the U-Net's config names none */
  defaultHeight?: number
  defaultWidth?: number
  /** pixels a latent */
  scaleFactor: number
  /** of the latents */
  channels: number
  /** of an embedding that the text encoder makes, [prompts, tokens, features] */
  tokens: number
  features: number
}

/**
 * @param known every option that the pipeline takes
 * @throws InvalidOptionError naming the option, what it may be and what came
 */
export function checked(
  prompt: string | string[] | undefined,
  options: CallOptions<never>,
  sizes: Sizes,
  known = callOptionNames,
): Call {
  checkNames(options, known)
  const { defaultHeight, defaultWidth, scaleFactor, channels, tokens, features } = sizes
  const { callbackOnStepEnd, timesteps, sigmas } = options
  const promptEmbeds =
    options.promptEmbeds && checkedTensor('promptEmbeds', options.promptEmbeds, ['prompts', 'tokens', features])
  const prompts = checkedPrompts(prompt, promptEmbeds)
  const promptCount = prompts?.length ?? promptEmbeds!.dims[0]
  const numImagesPerPrompt = whole('numImagesPerPrompt', options.numImagesPerPrompt ?? 1, 1)
  const batch = promptCount * numImagesPerPrompt
  const height = side('height', options.height ?? defaultHeight, scaleFactor)
  const width = side('width', options.width ?? defaultWidth, scaleFactor)
  const latents =
    options.latents &&
    checkedTensor('latents', options.latents, [batch, channels, height / scaleFactor, width / scaleFactor])
  checkLevels('timesteps', timesteps, 1)
  checkLevels('sigmas', sigmas, 2)
  if (timesteps && sigmas) throw new InvalidOptionError('timesteps and sigmas exclude each other: give one of them')
  if (options.negativePromptEmbeds && options.negativePrompt !== undefined)
    throw new InvalidOptionError('negativePrompt and negativePromptEmbeds exclude each other: give one of them')
  const guidanceScale = finite('guidanceScale', options.guidanceScale ?? 7.5)
  const textShape = promptEmbeds?.dims ?? [promptCount, tokens, features]
  const negativePromptEmbeds =
    options.negativePromptEmbeds && checkedTensor('negativePromptEmbeds', options.negativePromptEmbeds, textShape)
  if (guidanceScale > 1 && !negativePromptEmbeds && textShape[1] !== tokens)
    throw new InvalidOptionError(
      `promptEmbeds of ${textShape[1]} tokens need negativePromptEmbeds [${textShape.join(', ')}]: a negative prompt has ${tokens}`,
    )
  const promptSyntax = oneOf('promptSyntax', options.promptSyntax ?? 'plain', promptSyntaxes)
  if (promptSyntax !== 'plain' && (promptEmbeds || negativePromptEmbeds))
    throw new InvalidOptionError(
      `promptSyntax "${promptSyntax}" reads texts, got embeddings: make both by encodeWeighted() and leave promptSyntax out`,
    )
  if (callbackOnStepEnd !== undefined && typeof callbackOnStepEnd !== 'function')
    throw new InvalidOptionError(`callbackOnStepEnd must be a function, got ${shown(callbackOnStepEnd)}`)
  checkCrossAttention(options)
  checkSignal(options)

  return {
    ...options,
    ...(latents && { latents }),
    ...(promptEmbeds && { promptEmbeds }),
    ...(negativePromptEmbeds && { negativePromptEmbeds }),
    prompts,
    negativePrompts: checkedNegative(options.negativePrompt ?? '', promptCount),
    batch,
    height,
    width,
    numImagesPerPrompt,
    numInferenceSteps:
      timesteps?.length ??
      (sigmas ? sigmas.length - 1 : whole('numInferenceSteps', options.numInferenceSteps ?? 50, 1)),
    guidanceScale,
    promptSyntax,
    guidanceRescale: finite('guidanceRescale', options.guidanceRescale ?? 0, 0, 1),
    eta: finite('eta', options.eta ?? 0, 0, 1),
    clipSkip: whole('clipSkip', options.clipSkip ?? 0, 0),
    quality: oneOf('quality', options.quality ?? 'exact', qualities),
    outputType: oneOf('outputType', options.outputType ?? 'image', ['image', 'latent']),
    untold: untold(options),
    ...randomness(options, batch),
    seeded: options.generator === undefined,
  }
}

function checkCrossAttention({ crossAttentionKwargs }: Pick<CallOptions, 'crossAttentionKwargs'>): void {
  if (crossAttentionKwargs === undefined) return
  if (typeof crossAttentionKwargs !== 'object' || crossAttentionKwargs === null)
    throw new InvalidOptionError(`crossAttentionKwargs must be an object { scale }, got ${shown(crossAttentionKwargs)}`)
  checkNames(crossAttentionKwargs, new Set(['scale']))
  finite('crossAttentionKwargs.scale', crossAttentionKwargs.scale ?? 1)
}

function checkedPrompts(prompt: string | string[] | undefined, promptEmbeds?: Tensor): string[] | undefined {
  if (promptEmbeds) {
    if (prompt !== undefined)
      throw new InvalidOptionError('prompt and promptEmbeds exclude each other: pass undefined as the prompt')
    return undefined
  }
  const prompts = typeof prompt === 'string' ? [prompt] : prompt
  if (!Array.isArray(prompts) || !prompts.every(text => typeof text === 'string'))
    throw new InvalidOptionError(`prompt must be a string or a list of strings, got ${shown(prompt)}`)
  if (prompts.length === 0) throw new InvalidOptionError('prompt must hold at least one string, got an empty list')
  return prompts
}

function checkedNegative(negative: string | string[], promptCount: number): string[] {
  if (typeof negative === 'string') return Array(promptCount).fill(negative)
  if (!Array.isArray(negative) || !negative.every(text => typeof text === 'string'))
    throw new InvalidOptionError(`negativePrompt must be a string or a list of strings, got ${shown(negative)}`)
  if (negative.length !== promptCount)
    throw new InvalidOptionError(
      `negativePrompt must have one string a prompt (${promptCount}), got ${negative.length}`,
    )
  return negative
}

function untold(options: CallOptions<never>): Set<string> {
  const generators = [options.generator ?? []].flat()
  const tensors = ['latents', 'promptEmbeds', 'negativePromptEmbeds'] as const
  return new Set([
    ...tensors.filter(name => options[name] !== undefined),
    ...(generators.some(one => one instanceof Generator && one.hasDrawn) ? ['generator'] : []),
  ])
}

function randomness({ generator, seed }: CallOptions<never>, batch: number): Pick<Call, 'generator' | 'seeds'> {
  if (generator !== undefined && seed !== undefined)
    throw new InvalidOptionError('generator and seed exclude each other: give one of them')
  if (generator instanceof Generator) return { generator, seeds: Array(batch).fill(generator.initialSeed) }
  if (generator !== undefined) {
    if (!Array.isArray(generator) || !generator.every(item => item instanceof Generator))
      throw new InvalidOptionError(`generator must be a Generator or a list of them, got ${shown(generator)}`)
    if (generator.length !== batch)
      throw new InvalidOptionError(`generator must have one Generator a picture (${batch}), got ${generator.length}`)
    return { generator, seeds: generator.map(({ initialSeed }) => initialSeed) }
  }
  const first = BigInt(new Generator(seed).initialSeed)
  const generators = Array.from({ length: batch }, (_, i) => new Generator(BigInt.asUintN(64, first + BigInt(i))))
  return { generator: generators, seeds: generators.map(({ initialSeed }) => initialSeed) }
}

/** @param least how many a list of one's own must hold */
function checkLevels(name: 'timesteps' | 'sigmas', levels: unknown, least: number): void {
  if (levels === undefined) return
  if (!Array.isArray(levels) || levels.length < least || !levels.every(level => Number.isFinite(level) && level >= 0))
    throw new InvalidOptionError(`${name} must be a list of at least ${least} numbers from 0 up, got ${shown(levels)}`)
}
