import type { Scheduler } from '../schedulers/index.js'
import { type Call, type CallOptions, checked, type PipelineOutput } from './callOptions.js'
import type { Start } from './denoising.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'
import type { FromSingleFileOptions } from './fromSingleFileOptions.js'
import { loadSingleFile, loadStableDiffusion } from './loadStableDiffusion.js'
import { StableDiffusionBase } from './stableDiffusionBase.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'
import { startFromNoise } from './starts.js'

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
 * Text to image with Stable Diffusion 1.x and 2.x.
 * @see Rombach et al. 2022; diffusers `StableDiffusionPipeline`
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface gives the class's instances their call signature
export class StableDiffusionPipeline extends StableDiffusionBase<CallOptions, Call> {
  /**
   * @param source a folder in diffusers layout, a hub id (`owner/name`), or `'sdnb/tiny'`, shipped with the package
   * @throws InvalidOptionError before anything is read; ModelNotFoundError, UnsupportedModelError, CorruptWeightsError,
   *   DeviceUnavailableError; the signal's reason
   */
  static async fromPretrained(source: string, options: FromPretrainedOptions = {}): Promise<StableDiffusionPipeline> {
    return new StableDiffusionPipeline(await loadStableDiffusion(source, options))
  }

  /**
   * @param path a checkpoint of Stable Diffusion 1.x or 2.x in one `.safetensors`, in the original layout; or its link on the hub
   * @throws as `fromPretrained`
   * @see diffusers `FromSingleFileMixin.from_single_file`
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<StableDiffusionPipeline> {
    return new StableDiffusionPipeline(await loadSingleFile(path, options))
  }

  /** Another pipeline's parts, shared with it: nothing is loaded twice. */
  static fromPipe(pipeline: { components: StableDiffusionParts }): StableDiffusionPipeline {
    return new StableDiffusionPipeline(pipeline.components)
  }

  constructor(parts: StableDiffusionParts) {
    super(parts, 'text to image')
  }

  protected override checked(prompt: string | string[] | undefined, options: CallOptions): Call {
    return checked(prompt, options, this.sizes())
  }

  protected override start(call: Call, scheduler: Scheduler): Start {
    return startFromNoise(this, call, scheduler)
  }
}
