import { UnsupportedModelError } from '../errors.js'
import { DDIMScheduler } from './ddim.js'
import { DPMSolverMultistepScheduler } from './dpmSolverMultistep.js'
import { EulerAncestralDiscreteScheduler } from './eulerAncestralDiscrete.js'
import { EulerDiscreteScheduler } from './eulerDiscrete.js'
import { PNDMScheduler } from './pndm.js'
import type { Scheduler } from './scheduler.js'

export type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
export {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
}

const CLASSES: Record<string, { fromConfig(config: Readonly<Record<string, unknown>>): Scheduler }> = {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerAncestralDiscreteScheduler,
  EulerDiscreteScheduler,
  PNDMScheduler,
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
