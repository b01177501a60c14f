import { basename, isAbsolute } from 'node:path'
import type { ImageParameters } from '../image/parameters.js'
import type { Scheduler } from '../schedulers/index.js'
import type { Call } from './callOptions.js'

/** What made picture `index` of a call, in the terms of stable-diffusion-webui that picture readers know. */
export function imageParameters(
  pipeline: { name: string; scheduler: Scheduler },
  call: Call,
  index: number,
): ImageParameters {
  const { config } = pipeline.scheduler
  const className = String(config._className)
  const { name: kind } = pipeline.constructor
  const promptIndex = Math.floor(index / call.numImagesPerPrompt)
  const negativePrompt = call.negativePrompts[promptIndex]
  const scheduleType = config.useKarrasSigmas ? 'Karras' : undefined
  return {
    prompt: call.prompts?.[promptIndex] ?? '',
    ...(negativePrompt && { negativePrompt }),
    steps: call.numInferenceSteps,
    sampler: samplers[className] ?? className,
    ...(scheduleType && { scheduleType }),
    cfgScale: call.guidanceScale,
    seed: call.seeds[index],
    width: call.width,
    height: call.height,
    ...(kind !== 'StableDiffusionPipeline' && { pipeline: kind }),
    ...(call.strength !== undefined && { strength: call.strength }),
    ...(call.paddingMaskCrop !== undefined && { maskPadding: call.paddingMaskCrop }),
    ...(call.controlNet && { controlNet: call.controlNet }),
    ...(call.quality !== 'exact' && { quality: call.quality }),
    model: modelName(pipeline.name),
  }
}

/** A hub id as it is; of a folder the last name alone, since pictures travel and where a model lies is nobody's business. */
export function modelName(source: string): string {
  return isAbsolute(source) || /^[.~]/.test(source) ? basename(source) : source
}

const samplers: Record<string, string> = {
  PNDMScheduler: 'PLMS',
  DDIMScheduler: 'DDIM',
  EulerDiscreteScheduler: 'Euler',
  EulerAncestralDiscreteScheduler: 'Euler a',
  DPMSolverMultistepScheduler: 'DPM++ 2M',
}
