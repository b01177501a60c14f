import { basename, isAbsolute } from 'node:path'
import type { ImageParameters } from '../image/parameters.js'
import type { Scheduler } from '../schedulers/index.js'
import type { Call } from './callOptions.js'

/** What made picture `index` of a call, in the terms of stable-diffusion-webui that picture readers know. */
export function imageParameters(
  { name, scheduler: { config } }: { name: string; scheduler: Scheduler },
  call: Call,
  index: number,
): ImageParameters {
  const className = String(config._className)
  const promptIndex = Math.floor(index / call.numImagesPerPrompt)
  const negativePrompt = call.negativePrompts[promptIndex]
  const scheduleType = scheduleTypes.find(([key]) => config[key])?.[1]
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
    ...(call.quality !== 'exact' && { quality: call.quality }),
    model: modelName(name),
  }
}

/** A hub id as it is; of a folder the last name alone, since pictures travel and where a model lies is nobody's business. */
function modelName(source: string): string {
  return isAbsolute(source) || /^[.~]/.test(source) ? basename(source) : source
}

const scheduleTypes = [
  ['useKarrasSigmas', 'Karras'],
  ['useExponentialSigmas', 'Exponential'],
  ['useBetaSigmas', 'Beta'],
] as const

const samplers: Record<string, string> = {
  PNDMScheduler: 'PLMS',
  DDIMScheduler: 'DDIM',
  EulerDiscreteScheduler: 'Euler',
  EulerAncestralDiscreteScheduler: 'Euler a',
  DPMSolverMultistepScheduler: 'DPM++ 2M',
  DPMSolverSinglestepScheduler: 'DPM++ 2S',
  DDPMScheduler: 'DDPM',
  DEISMultistepScheduler: 'DEIS',
  HeunDiscreteScheduler: 'Heun',
  KDPM2AncestralDiscreteScheduler: 'DPM2 a',
  KDPM2DiscreteScheduler: 'DPM2',
  LCMScheduler: 'LCM',
  LMSDiscreteScheduler: 'LMS',
  TCDScheduler: 'TCD',
  UniPCMultistepScheduler: 'UniPC',
}
