import { inspect } from 'node:util'
import { imagesFromDecoder } from '../image/fromDecoder.js'
import { shownAsGrid } from '../image/grid.js'
import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import type { CLIPTextModel } from '../models/clipTextModel.js'
import type { StableDiffusionSafetyChecker } from '../models/stableDiffusionSafetyChecker.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import { type Device, openEngine, resolveDevice } from '../runtime/engine.js'
import type { Scheduler } from '../schedulers/index.js'
import { checkedTensor, scaled, type Tensor } from '../tensor.js'
import type { ClipTokenizer } from '../tokenizer/clip.js'
import type { Quantization } from '../weights/quantizedWeights.js'
import type { Call, CallOptions, PipelineOutput, Sizes } from './callOptions.js'
import { denoising, type Place, type Start, type Step } from './denoising.js'
import { drained } from './drained.js'
import { encodePrompt } from './encodePrompt.js'
import { imageParameters } from './imageParameters.js'
import { checkedMap, type MapOptions, mapDevices } from './map.js'
import { MemorySettings } from './memorySettings.js'
import { noisePrediction } from './noisePrediction.js'
import { ownScheduler } from './ownScheduler.js'
import { previewer } from './previewer.js'
import { screened } from './screened.js'
import { checkFit, type StableDiffusionParts, type Task } from './stableDiffusionParts.js'

/**
 * What the pipelines of Stable Diffusion share. One of them says what its call takes (`checked`) and what the steps begin
 * with (`start`); from there on all go one way, `stepsOf`.
 */
export abstract class StableDiffusionBase<Options extends CallOptions<never>, C extends Call> extends MemorySettings {
  /** the model, as the user named it */
  readonly name: string
  /** of the noise that is drawn, and of the arithmetic where the device has it */
  readonly dtype: 'float32' | 'float16'
  /** in how few bits the U-Net's and the text encoder's layers are held, where they are */
  readonly quantization: Quantization | undefined
  /** prompt → ids; it may be replaced, as may the next four */
  tokenizer: ClipTokenizer
  /** ids → what the U-Net is told */
  textEncoder: CLIPTextModel
  /** noisy latents → noise, or velocity */
  unet: UNet2DConditionModel
  /** latents → picture, and back */
  vae: AutoencoderKL | AutoencoderTiny
  /** noise → latents, step by step: `DDIMScheduler.fromConfig(pipeline.scheduler.config)` */
  scheduler: Scheduler
  /** null: pictures are not filtered */
  safetyChecker: StableDiffusionSafetyChecker | null
  /** draws previews as pictures, in time of its own (a `vae` that is an AutoencoderTiny does so anyway); null: one pixel a latent */
  previewDecoder: AutoencoderTiny | null

  /** @throws UnsupportedModelError for parts that do not belong together */
  constructor(
    parts: StableDiffusionParts,
    private readonly task: Task,
  ) {
    super()
    checkFit(parts, task)
    this.name = parts.name
    this.tokenizer = parts.tokenizer
    this.textEncoder = parts.textEncoder
    this.unet = parts.unet
    this.vae = parts.vae
    this.scheduler = parts.scheduler
    this.safetyChecker = parts.safetyChecker ?? null
    this.previewDecoder = null
    this.dtype = parts.dtype
    this.quantization = parts.quantization
    this.isOffloaded = parts.isOffloaded ?? false
  }

  /** @throws InvalidOptionError naming the option, what it may be and what came */
  protected abstract checked(prompt: string | string[] | undefined, options: Options): C

  /** Sets the scheduler's timesteps and draws what the steps begin with. */
  protected abstract start(call: C, scheduler: Scheduler): Start | Promise<Start>

  private async *stepsOf(call: C): AsyncGenerator<Step, PipelineOutput, undefined> {
    const { signal, generator, eta } = call
    signal?.throwIfAborted()
    this.checkParts()
    const began = performance.now()
    using own = ownScheduler(this.scheduler)
    const { scheduler } = own
    const start = await this.start(call, scheduler)
    await this.turnOver()
    const text = await encodePrompt(this, call, start.timesteps.length)
    await this.turnOver()
    const encoded = performance.now()
    const latents = yield* denoising({
      ...start,
      scheduler,
      predict: noisePrediction(this.unet, { ...call, ...start, text }),
      noise: { generator, eta, dtype: this.dtype },
      onStepEnd: (place, latents) => this.calledBack(call, place, start.afterStep?.(latents, place) ?? latents),
      signal,
    })
    await this.turnOver()
    const finished = performance.now()
    const { images, nsfwContentDetected } =
      call.outputType === 'image' ? await this.decode(latents, call, start.finish) : { images: [] }
    await this.turnOver()
    const end = performance.now()
    const output = {
      images,
      ...(call.outputType === 'latent' && { latents }),
      ...(nsfwContentDetected && { nsfwContentDetected }),
      seeds: call.seeds,
      device: call.device ?? this.device,
      timings: { encode: encoded - began, denoise: finished - encoded, decode: end - finished, total: end - began },
    }
    return shownAsGrid(output, images)
  }

  /** Denoises one step at a time; returns what the call returns. Leaving the loop early ends the work. */
  async *steps(
    prompt: string | string[] | undefined,
    options = {} as Options,
  ): AsyncGenerator<Step, PipelineOutput, undefined> {
    return yield* this.stepsOf(this.checked(prompt, options))
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
  async map(prompts: string[], options = {} as MapOptions<Options>): Promise<PipelineOutput[]> {
    const calls = checkedMap(prompts, options, own => this.checked(prompts, own))
    options.signal?.throwIfAborted()
    const devices = await mapDevices(options.devices, this.device, calls.length)
    const stepsOf = (call: C, device: Device) => this.stepsOf({ ...call, device })
    const outputs = await drained(calls, devices, stepsOf, previewer(this.vae, this.previewDecoder))
    return shownAsGrid(
      outputs,
      outputs.flatMap(({ images }) => images),
    )
  }

  /** The parts, as another pipeline's constructor takes them. */
  get components(): StableDiffusionParts {
    const { name, dtype, quantization, tokenizer, textEncoder, unet, vae, scheduler, safetyChecker, isOffloaded } = this
    return { name, dtype, quantization, tokenizer, textEncoder, unet, vae, scheduler, safetyChecker, isOffloaded }
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

  /** For a notebook's list of what is loaded: the device, and the bytes that its process holds. */
  async [Symbol.for('sdnb.loaded')](): Promise<{ device: Device; bytes: number }> {
    return { device: this.device, bytes: (await openEngine(this.device).memory()).resident }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  protected override async invoke(
    prompt: string | string[] | undefined,
    options = {} as Options,
  ): Promise<PipelineOutput> {
    const call = this.checked(prompt, options)
    const preview = previewer(this.vae, this.previewDecoder)
    const [output] = await drained([call], [this.device], call => this.stepsOf(call), preview)
    return output
  }

  /** They may have been replaced. @throws UnsupportedModelError, InvalidOptionError for parts that do not belong together */
  protected checkParts(): void {
    checkFit(this.components, this.task)
  }

  private async calledBack(call: C, { step, timestep }: Place, latents: Tensor): Promise<Tensor> {
    const changed = await call.callbackOnStepEnd?.(this, step, timestep, { latents })
    if (!changed?.latents) return latents
    call.untold.add('callbackOnStepEnd')
    return checkedTensor('latents of callbackOnStepEnd', changed.latents, latents.dims)
  }

  private async decode(
    latents: Tensor,
    call: C,
    finish: Start['finish'] = image => image,
  ): Promise<Pick<PipelineOutput, 'images' | 'nsfwContentDetected'>> {
    const unscaled = scaled(latents, 1 / this.vae.config.scalingFactor)
    const decoded = imagesFromDecoder((await this.vae.decode(unscaled, call)).sample)
    const nsfwContentDetected = await screened(decoded, this.safetyChecker, call)
    const images = decoded.map(image => finish(image))
    for (const [i, image] of images.entries()) image.parameters = imageParameters(this, call, i)
    return { images: shownAsGrid(images, images), ...(nsfwContentDetected && { nsfwContentDetected }) }
  }

  protected sizes(): Sizes {
    const { sampleSize, crossAttentionDim } = this.unet.config
    const [height, width] = Array.isArray(sampleSize) ? sampleSize : [sampleSize, sampleSize]
    const { scaleFactor } = this.vae
    const pixels = (size: number | null) => (size === null ? undefined : size * scaleFactor)
    return {
      defaultHeight: pixels(height),
      defaultWidth: pixels(width),
      scaleFactor,
      channels: this.vae.config.latentChannels,
      tokens: this.tokenizer.modelMaxLength,
      features: crossAttentionDim,
    }
  }

  /** The parts that take memory on the device. */
  protected override networks(): Pick<UNet2DConditionModel, 'placement' | 'release'>[] {
    const { textEncoder, unet, vae, safetyChecker, previewDecoder } = this
    return [textEncoder, unet, vae, safetyChecker, previewDecoder].filter(part => part !== null)
  }

  [inspect.custom](): string {
    const { name, device, dtype, scheduler } = this
    return `${this.constructor.name}('${name}', ${dtype} on ${device}, ${scheduler.config._className})`
  }
}
