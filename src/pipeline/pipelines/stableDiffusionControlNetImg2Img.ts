import type { ControlNetModel } from '../models/controlNetModel.js'
import type { Scheduler } from '../schedulers/index.js'
import type { Tensor } from '../tensor.js'
import { type CallOptions, callOptionNames, checked, type PipelineOutput } from './callOptions.js'
import { type ControlCall, ControlNetBase } from './controlNetBase.js'
import {
  type ControlNetParts,
  type ControlNetPretrainedOptions,
  listed,
  loadControlNetParts,
} from './controlNetParts.js'
import {
  type ControlImages,
  type ControlOptions,
  checkedControl,
  controlImages,
  controlOptionNames,
  controlSamples,
} from './controlOptions.js'
import type { Start } from './denoising.js'
import type { FromSingleFileOptions } from './fromSingleFileOptions.js'
import { checkedImageInput, checkedStrength, checkPromptCount, type ImageInput } from './imageOptions.js'
import { loadSingleFile } from './loadStableDiffusion.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'
import { startFromImage } from './starts.js'

/** What a call takes beside the prompt; where no size is given it is that of the image. */
export interface ControlNetImg2ImgOptions
  extends Omit<CallOptions<StableDiffusionControlNetImg2ImgPipeline>, 'latents'>,
    ControlOptions {
  /** what is changed: one for all prompts, or one a prompt */
  image: ImageInput
  /** what the ControlNet is shown, as it was trained for: edges, depth, a pose, … */
  controlImage: ControlImages
  /** how much of the image is made anew, 0…1 (0.8) */
  strength?: number
}

interface ControlNetImg2ImgCall extends ControlCall {
  /** samples −1…1 or latents; then for each ControlNet samples 0…1: all [1 or prompts, channels, height, width] */
  images: [image: Tensor, ...control: Tensor[]]
  strength: number
}

export interface StableDiffusionControlNetImg2ImgPipeline {
  /**
   * Picture, text and a picture that says where what is → pictures.
   * @param prompt one, or a list; undefined with `promptEmbeds`
   * @throws as `StableDiffusionPipeline`
   */
  // biome-ignore lint/style/useShorthandFunctionType: a type alias does not merge with a class
  (prompt: string | string[] | undefined, options: ControlNetImg2ImgOptions): Promise<PipelineOutput>
}

/**
 * A picture changed as a text says, steered by pictures.
 * @see Zhang et al. 2023; Meng et al. 2022 (SDEdit); diffusers `StableDiffusionControlNetImg2ImgPipeline`
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface gives the class's instances their call signature
export class StableDiffusionControlNetImg2ImgPipeline extends ControlNetBase<
  ControlNetImg2ImgOptions,
  ControlNetImg2ImgCall
> {
  /** @throws as `StableDiffusionControlNetPipeline.fromPretrained` */
  static async fromPretrained(
    source: string,
    options: ControlNetPretrainedOptions = {},
  ): Promise<StableDiffusionControlNetImg2ImgPipeline> {
    return new StableDiffusionControlNetImg2ImgPipeline(await loadControlNetParts(source, options))
  }

  /** From a text-to-image model in one file. @throws as `StableDiffusionPipeline.fromSingleFile` */
  static async fromSingleFile(
    path: string,
    { controlnet, ...options }: FromSingleFileOptions & Pick<ControlNetParts, 'controlnet'>,
  ): Promise<StableDiffusionControlNetImg2ImgPipeline> {
    return new StableDiffusionControlNetImg2ImgPipeline({ ...(await loadSingleFile(path, options)), controlnet })
  }

  /** Another pipeline's parts, shared with it: nothing is loaded twice. */
  static fromPipe(
    pipeline: { components: StableDiffusionParts },
    { controlnet }: { controlnet: ControlNetModel | ControlNetModel[] },
  ): StableDiffusionControlNetImg2ImgPipeline {
    return new StableDiffusionControlNetImg2ImgPipeline({ ...pipeline.components, controlnet })
  }

  protected override checked(
    prompt: string | string[] | undefined,
    options: ControlNetImg2ImgOptions,
  ): ControlNetImg2ImgCall {
    const nets = listed(this.controlnet)
    const { image, width, height } = checkedImageInput('image', options.image, this.sizes(), options)
    const call = checked(prompt, options, { ...this.sizes(), defaultWidth: width, defaultHeight: height }, names)
    checkPromptCount('image', image, call.batch / call.numImagesPerPrompt)
    const pictures = controlImages('controlImage', options.controlImage, nets)
    const control = checkedControl(nets, options, 0.8)
    const strength = checkedStrength(options.strength ?? 0.8, call.numInferenceSteps)
    const images: ControlNetImg2ImgCall['images'] = [image, ...controlSamples('controlImage', pictures, call)]
    return { ...call, control, controlNet: control.controlNet, images, strength }
  }

  protected override async start(call: ControlNetImg2ImgCall, scheduler: Scheduler): Promise<Start> {
    const [image, ...pictures] = call.images
    return { ...(await startFromImage(this, image, call, scheduler)), control: this.steeredBy(pictures, call) }
  }
}

const names = new Set<string>(['image', 'controlImage', 'strength', ...controlOptionNames, ...callOptionNames])
names.delete('latents')
