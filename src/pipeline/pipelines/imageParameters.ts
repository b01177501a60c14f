import { basename, isAbsolute } from 'node:path'
import type { ImageParameters } from '../image/parameters.js'
import { adapterParameters } from './adapterParameters.js'
import type { Call } from './callOptions.js'
import { samplerOf, schedulerSettings } from './samplers.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'

/** What made picture `index` of a call, in the terms of stable-diffusion-webui that picture readers know: all that `callOptions` needs. */
export function imageParameters(
  pipeline: Pick<StableDiffusionParts, 'name' | 'dtype' | 'quantization' | 'scheduler' | 'unet' | 'textEncoder'>,
  call: Call,
  index: number,
): ImageParameters {
  const { name, dtype, quantization, scheduler } = pipeline
  const { name: kind } = pipeline.constructor
  const promptIndex = Math.floor(index / call.numImagesPerPrompt)
  const negativePrompt = call.negativePrompts[promptIndex]
  const { guidanceRescale, clipSkip, eta, timesteps, sigmas, quality, batch } = call
  const untold = [...call.untold]
  return {
    prompt: call.prompts?.[promptIndex] ?? '',
    ...(negativePrompt && { negativePrompt }),
    steps: call.numInferenceSteps,
    ...samplerOf(scheduler.config),
    cfgScale: call.guidanceScale,
    seed: call.seeds[index],
    width: call.width,
    height: call.height,
    ...(kind !== 'StableDiffusionPipeline' && { pipeline: kind }),
    ...(call.strength !== undefined && { strength: call.strength }),
    ...(call.paddingMaskCrop !== undefined && { maskPadding: call.paddingMaskCrop }),
    ...(call.controlNet && { controlNet: call.controlNet }),
    ...adapterParameters(pipeline, call),
    ...(clipSkip && { clipSkip }),
    ...(guidanceRescale && { guidanceRescale }),
    ...(eta && { eta }),
    ...(timesteps && { timesteps }),
    ...(sigmas && { sigmas }),
    promptSyntax: call.promptSyntax,
    ...(quality !== 'exact' && { quality }),
    ...(batch > 1 && !Array.isArray(call.generator) && { batch: { index, count: batch } }),
    ...(dtype !== 'float32' && { dtype }),
    ...(quantization && { quantization }),
    ...(untold.length && { untold }),
    model: modelName(name),
    scheduler: schedulerSettings(scheduler),
  }
}

/** A hub id as it is; of a folder the last name alone, since pictures travel and where a model lies is nobody's business. */
export function modelName(source: string): string {
  return isAbsolute(source) || /^[.~]/.test(source) ? basename(source) : source
}
