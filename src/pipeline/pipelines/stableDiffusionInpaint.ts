import { randn } from '../random.js'
import type { Scheduler } from '../schedulers/index.js'
import { joinChannels, scaled, type Tensor, tensor } from '../tensor.js'
import { type Call, type CallOptions, callOptionNames, checked, type PipelineOutput } from './callOptions.js'
import type { Place, Start } from './denoising.js'
import { drawAsEncoding, encodeImage, upTo } from './encodeImage.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'
import type { FromSingleFileOptions } from './fromSingleFileOptions.js'
import { checkedStrength, checkPromptCount } from './imageOptions.js'
import { checkedInpainting, type InpaintImages, type Overlay } from './inpaintImages.js'
import { loadSingleFile, loadStableDiffusion } from './loadStableDiffusion.js'
import { remainingTimesteps } from './remainingTimesteps.js'
import { StableDiffusionBase } from './stableDiffusionBase.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'

/** What a call takes beside the prompt; picture and mask are brought to `height` and `width`. */
export interface InpaintOptions extends CallOptions<StableDiffusionInpaintPipeline>, InpaintImages {
  /** how much of what is painted is made anew, 0…1: below 1 it begins from the picture that is there (1) */
  strength?: number
}

interface InpaintCall extends Call {
  /** samples −1…1, masks 0 or 1, and the samples where the mask is 0: each [1 or prompts, channels, height, width] */
  images: [image: Tensor, mask: Tensor, masked: Tensor]
  strength: number
  overlay: Overlay | undefined
}

export interface StableDiffusionInpaintPipeline {
  /**
   * Picture, mask and text → pictures.
   * @param prompt one, or a list; undefined with `promptEmbeds`
   * @throws as `StableDiffusionPipeline`
   */
  // biome-ignore lint/style/useShorthandFunctionType: a type alias does not merge with a class
  (prompt: string | string[] | undefined, options: InpaintOptions): Promise<PipelineOutput>
}

/**
 * Part of a picture painted anew, with Stable Diffusion 1.x or 2.x: by a U-Net that was trained for it, which is shown the mask
 * and the rest of the picture, or by one of text to image, after each of whose steps the rest is put back.
 * @see Rombach et al. 2022, section 4.5; Lugmayr et al. 2022 (RePaint); diffusers `StableDiffusionInpaintPipeline`
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface gives the class's instances their call signature
export class StableDiffusionInpaintPipeline extends StableDiffusionBase<InpaintOptions, InpaintCall> {
  /** From the folder of an inpainting or a text-to-image model. @throws as `StableDiffusionPipeline.fromPretrained` */
  static async fromPretrained(
    source: string,
    options: FromPretrainedOptions = {},
  ): Promise<StableDiffusionInpaintPipeline> {
    return new StableDiffusionInpaintPipeline(await loadStableDiffusion(source, options))
  }

  /** From an inpainting or a text-to-image model in one file. @throws as `StableDiffusionPipeline.fromSingleFile` */
  static async fromSingleFile(
    path: string,
    options: FromSingleFileOptions = {},
  ): Promise<StableDiffusionInpaintPipeline> {
    return new StableDiffusionInpaintPipeline(await loadSingleFile(path, options))
  }

  /** Another pipeline's parts, of an inpainting or a text-to-image model, shared with it: nothing is loaded twice. */
  static fromPipe(pipeline: { components: StableDiffusionParts }): StableDiffusionInpaintPipeline {
    return new StableDiffusionInpaintPipeline(pipeline.components)
  }

  constructor(parts: StableDiffusionParts) {
    super(parts, 'inpainting')
  }

  protected override checked(prompt: string | string[] | undefined, options: InpaintOptions): InpaintCall {
    const call = checked(prompt, options, this.sizes(), names)
    const { overlay, ...given } = checkedInpainting(options, call)
    const images: InpaintCall['images'] = [given.image, given.mask, given.masked]
    for (const [i, name] of (['image', 'maskImage'] as const).entries())
      checkPromptCount(name, images[i], call.batch / call.numImagesPerPrompt)
    const { strength = 1, paddingMaskCrop } = options
    return { ...call, images, overlay, paddingMaskCrop, strength: checkedStrength(strength, call.numInferenceSteps) }
  }

  protected override async start(call: InpaintCall, scheduler: Scheduler): Promise<Start> {
    const { batch, generator, strength, overlay } = call
    const [image, mask, masked] = call.images
    const { latentChannels } = this.vae.config
    const seesMask = this.unet.config.inChannels > latentChannels
    const draws = { dtype: this.dtype, alone: call.seeded }
    const timesteps = remainingTimesteps(scheduler, call)

    const known = seesMask && strength === 1 ? undefined : await encodeImage(this.vae, image, call, draws)
    const smallMask = upTo(batch, shrunk(mask, this.vae.scaleFactor))
    const [, , height, width] = smallMask.dims
    const noise = call.latents ?? randn([batch, latentChannels, height, width], { generator, dtype: this.dtype })
    const latents =
      call.latents || strength === 1
        ? scaled(noise, scheduler.initNoiseSigma)
        : scheduler.addNoise(known!, noise, [timesteps[0]])
    const start = { timesteps, latents, ...(overlay && { finish: overlay }) }
    if (seesMask) {
      const rest = await encodeImage(this.vae, masked, call, draws)
      return { ...start, channels: joinChannels(smallMask, rest) }
    }
    // diffusers encodes the masked picture here too; nothing looks at it, but what is drawn later depends on its draw
    drawAsEncoding(this.vae, masked, call, draws)
    const afterStep = (latents: Tensor, { step, total }: Place) => {
      const rest = step < total - 1 ? scheduler.addNoise(known!, noise, [timesteps[step + 1]]) : known!
      return blended(rest, latents, smallMask)
    }
    return { ...start, afterStep }
  }
}

/** Every `factor`th pixel, as torch's `interpolate` to the nearest. */
function shrunk({ dims: [count, , height, width], data }: Tensor, factor: number): Tensor {
  const [rows, columns] = [height / factor, width / factor]
  const out = new Float32Array(count * rows * columns)
  for (let i = 0; i < out.length; i++) {
    const [n, row, column] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns]
    out[i] = data[(n * height + row * factor) * width + column * factor]
  }
  return tensor(out, [count, 1, rows, columns])
}

/** `painted` where the mask is 1, `rest` where it is 0. */
function blended(rest: Tensor, painted: Tensor, mask: Tensor): Tensor {
  const [, channels, height, width] = painted.dims
  const plane = height * width
  return tensor(
    painted.data.map((value, i) => {
      const share = mask.data[Math.floor(i / (channels * plane)) * plane + (i % plane)]
      return (1 - share) * rest.data[i] + share * value
    }),
    painted.dims,
  )
}

const names = new Set(['image', 'maskImage', 'strength', 'paddingMaskCrop', ...callOptionNames])
