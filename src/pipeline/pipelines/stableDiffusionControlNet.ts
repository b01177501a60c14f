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
import { sizeOf } from './imageOptions.js'
import { loadSingleFile } from './loadStableDiffusion.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'
import { startFromNoise } from './starts.js'

/** What a call takes beside the prompt; where no size is given it is that of the (first) image. */
export interface ControlNetOptions extends CallOptions<StableDiffusionControlNetPipeline>, ControlOptions {
  /** what the ControlNet is shown, as it was trained for: edges, depth, a pose, … */
  image: ControlImages
}

interface ControlNetCall extends ControlCall {
  /** for each ControlNet [1 or prompts, 3, height, width], 0…1 */
  images: Tensor[]
}

export interface StableDiffusionControlNetPipeline {
  /**
   * Text and a picture that says where what is → pictures.
   * @param prompt one, or a list; undefined with `promptEmbeds`
   * @throws as `StableDiffusionPipeline`
   */
  // biome-ignore lint/style/useShorthandFunctionType: a type alias does not merge with a class
  (prompt: string | string[] | undefined, options: ControlNetOptions): Promise<PipelineOutput>
}

/**
 * Text to image with Stable Diffusion 1.x or 2.x, steered by pictures.
 * @see Zhang et al. 2023; diffusers `StableDiffusionControlNetPipeline`
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface gives the class's instances their call signature
export class StableDiffusionControlNetPipeline extends ControlNetBase<ControlNetOptions, ControlNetCall> {
  /**
   * From the folder of a text-to-image model.
   * @throws as `StableDiffusionPipeline.fromPretrained`; InvalidOptionError where there is no ControlNet
   */
  static async fromPretrained(
    source: string,
    options: ControlNetPretrainedOptions = {},
  ): Promise<StableDiffusionControlNetPipeline> {
    return new StableDiffusionControlNetPipeline(await loadControlNetParts(source, options))
  }

  /** From a text-to-image model in one file. @throws as `StableDiffusionPipeline.fromSingleFile` */
  static async fromSingleFile(
    path: string,
    { controlnet, ...options }: FromSingleFileOptions & Pick<ControlNetParts, 'controlnet'>,
  ): Promise<StableDiffusionControlNetPipeline> {
    return new StableDiffusionControlNetPipeline({ ...(await loadSingleFile(path, options)), controlnet })
  }

  /** Another pipeline's parts, shared with it: nothing is loaded twice. */
  static fromPipe(
    pipeline: { components: StableDiffusionParts },
    { controlnet }: { controlnet: ControlNetModel | ControlNetModel[] },
  ): StableDiffusionControlNetPipeline {
    return new StableDiffusionControlNetPipeline({ ...pipeline.components, controlnet })
  }

  protected override checked(prompt: string | string[] | undefined, options: ControlNetOptions): ControlNetCall {
    const nets = listed(this.controlnet)
    const pictures = controlImages('image', options.image, nets)
    const { width, height } = sizeOf(pictures[0], this.vae.scaleFactor)
    const call = checked(prompt, options, { ...this.sizes(), defaultWidth: width, defaultHeight: height }, names)
    const control = checkedControl(nets, options, 1)
    return { ...call, control, controlNet: control.controlNet, images: controlSamples('image', pictures, call) }
  }

  protected override start(call: ControlNetCall, scheduler: Scheduler): Start {
    return { ...startFromNoise(this, call, scheduler), control: this.steeredBy(call.images, call) }
  }
}

const names = new Set<string>(['image', ...controlOptionNames, ...callOptionNames])
