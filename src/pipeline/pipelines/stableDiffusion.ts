import { inspect } from 'node:util'
import { InvalidOptionError } from '../errors.js'
import { imagesFromDecoder } from '../image/fromDecoder.js'
import { shownAsGrid } from '../image/grid.js'
import type { Image } from '../image/image.js'
import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { CLIPTextModel } from '../models/clipTextModel.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Attention } from '../onnx/layers.js'
import { randn } from '../random.js'
import { type Device, openEngine, resolveDevice } from '../runtime/engine.js'
import { denoised } from '../schedulers/denoised.js'
import type { Scheduler } from '../schedulers/index.js'
import { checkedTensor, concat, repeatItems, type Tensor, tensor } from '../tensor.js'
import { type ClipTokenizer, truncationWarning } from '../tokenizer/clip.js'
import { Callable } from './callable.js'
import { type Call, type CallOptions, checked, type PipelineOutput, type Sizes } from './callOptions.js'
import { drained } from './drained.js'
import { imageParameters } from './imageParameters.js'
import {
  type FromPretrainedOptions,
  type FromSingleFileOptions,
  loadSingleFile,
  loadStableDiffusion,
  type StableDiffusionParts,
} from './loadStableDiffusion.js'
import { checkedMap, type MapOptions, mapDevices } from './map.js'
import { noisePrediction } from './noisePrediction.js'
import { ownScheduler } from './ownScheduler.js'

/** After a step: `step` counts from 0 to `total` − 1; latents [pictures, channels, height/8, width/8], scaled. */
export interface Step {
  step: number
  total: number
  timestep: number
  latents: Tensor
  /** the latents without the noise the network sees in them, shape and scale of `latents`: what a preview shows */
  denoised(): Tensor
}

export interface StableDiffusionPipeline {
  /**
   * Text → pictures. Calls made at once do not disturb one another; the device takes their steps in turns.
   * @param prompt one, or a list; undefined with `promptEmbeds`
   * @throws InvalidOptionError before any work is done; OutOfMemoryError and EngineCrashedError, after which the next call
   *   starts afresh; the signal's reason
   */
  // biome-ignore lint/style/useShorthandFunctionType: a type alias does not merge with a class
  (prompt: string | string[] | undefined, options?: CallOptions): Promise<PipelineOutput>
}

/**
 * Text to image with Stable Diffusion 1.x.
 * @see Rombach et al. 2022; diffusers `StableDiffusionPipeline`
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface gives the class's instances their call signature
export class StableDiffusionPipeline extends Callable {
  readonly name: string
  readonly dtype: 'float32' | 'float16'
  tokenizer: ClipTokenizer
  textEncoder: CLIPTextModel
  unet: UNet2DConditionModel
  vae: AutoencoderKL
  scheduler: Scheduler

  constructor(parts: StableDiffusionParts) {
    super()
    this.name = parts.name
    this.tokenizer = parts.tokenizer
    this.textEncoder = parts.textEncoder
    this.unet = parts.unet
    this.vae = parts.vae
    this.scheduler = parts.scheduler
    this.dtype = parts.dtype
  }

  /**
   * @param source a folder in diffusers layout, a hub id (`owner/name`), or `'sdnb/tiny'`, shipped with the package
   * @throws InvalidOptionError before anything is read; ModelNotFoundError, UnsupportedModelError, CorruptWeightsError,
   *   DeviceUnavailableError; the signal's reason
   */
  static async fromPretrained(source: string, options: FromPretrainedOptions = {}): Promise<StableDiffusionPipeline> {
    return new StableDiffusionPipeline(await loadStableDiffusion(source, options))
  }

  /**
   * @param path a checkpoint of Stable Diffusion 1.x or 2.x in one `.safetensors`, in the original layout
   * @throws as `fromPretrained`
   * @see diffusers `FromSingleFileMixin.from_single_file`
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<StableDiffusionPipeline> {
    return new StableDiffusionPipeline(await loadSingleFile(path, options))
  }

  /** The device that really runs. */
  get device(): Device {
    return this.unet.placement.device
  }

  /**
   * Moves to a device, such as `'cuda'` or the second of several, `'cuda:1'`; `'auto'` as when loading. Sessions are made
   * there on first use.
   * @throws InvalidOptionError; DeviceUnavailableError naming what is missing
   */
  async to(device: Device | 'auto'): Promise<this> {
    const resolved = await resolveDevice(device)
    const hasMoved = resolved !== this.device
    for (const { placement } of this.networks()) placement.device = resolved
    if (hasMoved) await this.dispose()
    return this
  }

  /** Attention over a part of the heads at a time: less memory, slower. `'auto'`: half of them; `'max'`: one. */
  enableAttentionSlicing(sliceSize: 'auto' | 'max' | number = 'auto'): void {
    if (sliceSize !== 'auto' && sliceSize !== 'max' && !(Number.isInteger(sliceSize) && sliceSize >= 1))
      throw new InvalidOptionError(`sliceSize must be 'auto', 'max' or a whole number of at least 1, got ${sliceSize}`)
    this.setAttention({ kind: 'sliced', sliceSize })
  }

  disableAttentionSlicing(): void {
    this.setAttention({ kind: 'fused' })
  }

  /** One operator for the whole of attention, the default here: little memory and fast. */
  enableXformersMemoryEfficientAttention(): void {
    this.setAttention({ kind: 'fused' })
  }

  /** MatMul and Softmax, the score matrix held whole. */
  disableXformersMemoryEfficientAttention(): void {
    this.setAttention({ kind: 'plain' })
  }

  /** Frees memory; a later call makes the sessions anew. */
  async dispose(): Promise<void> {
    await Promise.all(this.networks().map(part => part.release()))
  }

  /** For a notebook's list of what is loaded: the device, and the bytes that its process holds. */
  async [Symbol.for('sdnb.loaded')](): Promise<{ device: Device; bytes: number }> {
    return { device: this.device, bytes: (await openEngine(this.device).memory()).resident }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** Denoises one step at a time; returns what the call returns. Leaving the loop early ends the work. */
  async *steps(
    prompt: string | string[] | undefined,
    options: CallOptions = {},
  ): AsyncGenerator<Step, PipelineOutput, undefined> {
    return yield* this.stepsOf(checked(prompt, options, this.sizes()))
  }

  /**
   * Draws each prompt alone, on several devices at once: each takes the next prompt when it is free. The pictures, but for
   * rounding that differs from one kind of card to another, are those of one call of all prompts, whichever device draws
   * them: prompt i with `seed: s` is `pipeline(prompts[i], { seed: s + i * numImagesPerPrompt })`. Weights are loaded once
   * a device, and kept there until `dispose()`.
   * @param prompts at least one
   * @returns one output a prompt, in their order
   * @throws as a call, and DeviceUnavailableError; the first failure ends the other prompts, and no output is returned
   */
  async map(prompts: string[], options: MapOptions = {}): Promise<PipelineOutput[]> {
    const calls = checkedMap(prompts, options, this.sizes())
    options.signal?.throwIfAborted()
    const devices = await mapDevices(options.devices, this.device, calls.length)
    const stepsOf = (call: Call, device: Device) => this.stepsOf({ ...call, device })
    const outputs = await drained(calls, devices, stepsOf, this.vae.config.latentRgb)
    return shownAsGrid(
      outputs,
      outputs.flatMap(({ images }) => images),
    )
  }

  private async *stepsOf(call: Call): AsyncGenerator<Step, PipelineOutput, undefined> {
    const { signal, device } = call
    signal?.throwIfAborted()
    const start = performance.now()
    const guidance = call.guidanceScale > 1
    using own = ownScheduler(this.scheduler)
    const { scheduler } = own
    const timesteps = scheduler.setTimesteps(call.numInferenceSteps, call)
    const text = await this.encodePrompt(call, guidance)
    const encoded = performance.now()
    const predict = noisePrediction(this.unet, { ...call, text })
    const noise = { generator: call.generator, eta: call.eta, dtype: this.dtype }
    let latents = this.initialLatents(call, scheduler)
    for (const [step, timestep] of timesteps.entries()) {
      signal?.throwIfAborted()
      const input = scheduler.scaleModelInput(latents, timestep)
      const prediction = await predict(input, { step, total: timesteps.length, timestep })
      const before = latents
      latents = scheduler.step(prediction, timestep, latents, noise).prevSample
      const changed = await call.callbackOnStepEnd?.(this, step, timestep, { latents })
      if (changed?.latents) latents = checkedTensor('latents of callbackOnStepEnd', changed.latents, latents.dims)
      yield {
        ...{ step, total: timesteps.length, timestep, latents },
        denoised: () => denoised(scheduler, prediction, timestep, before),
      }
    }
    signal?.throwIfAborted()
    const finished = performance.now()
    const images = call.outputType === 'image' ? await this.decode(latents, call) : []
    const end = performance.now()
    const output = {
      images,
      ...(call.outputType === 'latent' && { latents }),
      seeds: call.seeds,
      device: device ?? this.device,
      timings: { encode: encoded - start, denoise: finished - encoded, decode: end - finished, total: end - start },
    }
    return shownAsGrid(output, images)
  }

  protected override async invoke(
    prompt: string | string[] | undefined,
    options: CallOptions = {},
  ): Promise<PipelineOutput> {
    const call = checked(prompt, options, this.sizes())
    const [output] = await drained([call], [this.device], call => this.stepsOf(call), this.vae.config.latentRgb)
    return output
  }

  /** @returns [pictures, tokens, features]; with guidance [2 × pictures, …], the negative half first */
  private async encodePrompt(call: Call, guidance: boolean): Promise<Tensor> {
    const encode = async (prompts: string[], clipSkip: number): Promise<Tensor> => {
      const { inputIds, truncated } = this.tokenizer(prompts)
      if (truncated) console.warn(truncationWarning(this.tokenizer, truncated))
      return (await this.textEncoder(inputIds, { clipSkip, signal: call.signal, device: call.device })).lastHiddenState
    }
    const positive = repeatItems(
      call.promptEmbeds ?? (await encode(call.prompts!, call.clipSkip)),
      call.numImagesPerPrompt,
    )
    if (!guidance) return positive
    // As diffusers does: the negative prompt skips no layers.
    const negative = call.negativePromptEmbeds ?? (await encode(call.negativePrompts, 0))
    return concat([repeatItems(negative, call.numImagesPerPrompt), positive])
  }

  private initialLatents({ batch, height, width, latents, generator }: Call, { initNoiseSigma }: Scheduler): Tensor {
    const dims = [batch, this.unet.config.inChannels, height / this.vae.scaleFactor, width / this.vae.scaleFactor]
    const noise = latents ?? randn(dims, { generator, dtype: this.dtype })
    return tensor(
      noise.data.map(value => value * initNoiseSigma),
      dims,
    )
  }

  private async decode(latents: Tensor, call: Call): Promise<Image[]> {
    const { scalingFactor } = this.vae.config
    const unscaled = tensor(
      latents.data.map(value => value / scalingFactor),
      latents.dims,
    )
    const images = imagesFromDecoder((await this.vae.decode(unscaled, call)).sample)
    for (const [i, image] of images.entries()) image.parameters = imageParameters(this, call, i)
    return shownAsGrid(images, images)
  }

  private sizes(): Sizes {
    const { sampleSize, inChannels, crossAttentionDim } = this.unet.config
    const [height, width] = Array.isArray(sampleSize) ? sampleSize : [sampleSize, sampleSize]
    const { scaleFactor } = this.vae
    const pixels = (size: number | null) => (size === null ? undefined : size * scaleFactor)
    return {
      defaultHeight: pixels(height),
      defaultWidth: pixels(width),
      scaleFactor,
      channels: inChannels,
      tokens: this.tokenizer.modelMaxLength,
      features: crossAttentionDim,
    }
  }

  private setAttention(attention: Attention): void {
    for (const { placement } of this.networks()) placement.attention = attention
  }

  private networks() {
    return [this.textEncoder, this.unet, this.vae]
  }

  [inspect.custom](): string {
    const { name, device, dtype, scheduler } = this
    return `StableDiffusionPipeline('${name}', ${dtype} on ${device}, ${scheduler.config._className})`
  }
}
