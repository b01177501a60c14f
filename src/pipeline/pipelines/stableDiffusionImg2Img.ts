import type { Scheduler } from '../schedulers/index.js'
import type { Tensor } from '../tensor.js'
import { type Call, type CallOptions, callOptionNames, checked, type PipelineOutput } from './callOptions.js'
import type { Start } from './denoising.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'
import type { FromSingleFileOptions } from './fromSingleFileOptions.js'
import { checkedImageInput, checkedStrength, checkPromptCount, type ImageInput } from './imageOptions.js'
import { loadSingleFile, loadStableDiffusion } from './loadStableDiffusion.js'
import { StableDiffusionBase } from './stableDiffusionBase.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'
import { startFromImage } from './starts.js'

/** What a call takes beside the prompt; the picture's size is the image's. */
export interface Img2ImgOptions
  extends Omit<CallOptions<StableDiffusionImg2ImgPipeline>, 'height' | 'width' | 'latents'> {
  /** what is changed: one for all prompts, or one a prompt */
  image: ImageInput
  /** how much of it is made anew, 0…1: of n steps the last strength · n are made, at least one (0.8) */
  strength?: number
}

interface Img2ImgCall extends Call {
  /** [1 or prompts, 3, height, width], −1…1, or latents */
  images: [image: Tensor]
  strength: number
}

export interface StableDiffusionImg2ImgPipeline {
  /**
   * Picture and text → pictures.
   * @param prompt one, or a list; undefined with `promptEmbeds`
   * @throws as `StableDiffusionPipeline`
   */
  // biome-ignore lint/style/useShorthandFunctionType: a type alias does not merge with a class
  (prompt: string | string[] | undefined, options: Img2ImgOptions): Promise<PipelineOutput>
}

/**
 * A picture changed as a text says, with Stable Diffusion 1.x or 2.x: noise is added to it and taken away again.
 * @see Meng et al. 2022 (SDEdit); diffusers `StableDiffusionImg2ImgPipeline`
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface gives the class's instances their call signature
export class StableDiffusionImg2ImgPipeline extends StableDiffusionBase<Img2ImgOptions, Img2ImgCall> {
  /** From the folder of a text-to-image model. @throws as `StableDiffusionPipeline.fromPretrained` */
  static async fromPretrained(
    source: string,
    options: FromPretrainedOptions = {},
  ): Promise<StableDiffusionImg2ImgPipeline> {
    return new StableDiffusionImg2ImgPipeline(await loadStableDiffusion(source, options))
  }

  /** From a text-to-image model in one file. @throws as `StableDiffusionPipeline.fromSingleFile` */
  static async fromSingleFile(
    path: string,
    options: FromSingleFileOptions = {},
  ): Promise<StableDiffusionImg2ImgPipeline> {
    return new StableDiffusionImg2ImgPipeline(await loadSingleFile(path, options))
  }

  /** Another pipeline's parts, shared with it: nothing is loaded twice. */
  static fromPipe(pipeline: { components: StableDiffusionParts }): StableDiffusionImg2ImgPipeline {
    return new StableDiffusionImg2ImgPipeline(pipeline.components)
  }

  constructor(parts: StableDiffusionParts) {
    super(parts, 'image to image')
  }

  protected override checked(prompt: string | string[] | undefined, options: Img2ImgOptions): Img2ImgCall {
    const { image, width, height } = checkedImageInput('image', options.image, this.sizes())
    const call = checked(prompt, options, { ...this.sizes(), defaultWidth: width, defaultHeight: height }, names)
    checkPromptCount('image', image, call.batch / call.numImagesPerPrompt)
    return { ...call, images: [image], strength: checkedStrength(options.strength ?? 0.8, call.numInferenceSteps) }
  }

  protected override start(call: Img2ImgCall, scheduler: Scheduler): Promise<Start> {
    return startFromImage(this, call.images[0], call, scheduler)
  }
}

const names = new Set(['image', 'strength', ...callOptionNames])
for (const ofImage of ['height', 'width', 'latents']) names.delete(ofImage)
