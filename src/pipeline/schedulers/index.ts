import { UnsupportedModelError } from '../errors.js'
import { DDIMScheduler } from './ddim.js'
import { DDPMScheduler } from './ddpm.js'
import { DEISMultistepScheduler } from './deisMultistep.js'
import { DPMSolverMultistepScheduler } from './dpmSolverMultistep.js'
import { DPMSolverSinglestepScheduler } from './dpmSolverSinglestep.js'
import { EulerAncestralDiscreteScheduler } from './eulerAncestralDiscrete.js'
import { EulerDiscreteScheduler } from './eulerDiscrete.js'
import { FlowMatchEulerDiscreteScheduler } from './flowMatchEulerDiscrete.js'
import { HeunDiscreteScheduler } from './heunDiscrete.js'
import { KDPM2AncestralDiscreteScheduler } from './kdpm2AncestralDiscrete.js'
import { KDPM2DiscreteScheduler } from './kdpm2Discrete.js'
import { LCMScheduler } from './lcm.js'
import { LMSDiscreteScheduler } from './lmsDiscrete.js'
import { PNDMScheduler } from './pndm.js'
import type { Scheduler } from './scheduler.js'
import { TCDScheduler } from './tcd.js'
import { UniPCMultistepScheduler } from './uniPCMultistep.js'

export type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
export {
  DDIMScheduler,
  DDPMScheduler,
  DEISMultistepScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  FlowMatchEulerDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  KDPM2DiscreteScheduler,
  LCMScheduler,
  LMSDiscreteScheduler,
  PNDMScheduler,
  TCDScheduler,
  UniPCMultistepScheduler,
}

const CLASSES: Record<string, { fromConfig(config: Readonly<Record<string, unknown>>): Scheduler }> = {
  DDIMScheduler,
  DDPMScheduler,
  DEISMultistepScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  FlowMatchEulerDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  KDPM2DiscreteScheduler,
  LCMScheduler,
  LMSDiscreteScheduler,
  PNDMScheduler,
  TCDScheduler,
  UniPCMultistepScheduler,
}

/**
 * The scheduler that a `scheduler_config.json`, or another scheduler's `config`, names by its class.
 * @throws UnsupportedModelError for a class not built here, or a value it does not run
 */
export function schedulerFromConfig(config: Readonly<Record<string, unknown>>): Scheduler {
  const name = config._class_name ?? config._className
  if (typeof name !== 'string' || !Object.hasOwn(CLASSES, name))
    throw new UnsupportedModelError(
      `scheduler_config.json: "_class_name" is ${JSON.stringify(name)}; known here: ${Object.keys(CLASSES).join(', ')}`,
    )
  return CLASSES[name].fromConfig(config)
}
