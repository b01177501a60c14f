import type { Scheduler } from '../schedulers/index.js'
import type { Call } from './callOptions.js'

/**
 * Sets the scheduler's timesteps; returns those that are left where a picture is changed by `strength`: the last
 * ⌊strength · n⌋ steps of n. Meng et al. 2022 (SDEdit); diffusers `get_timesteps`
 */
export function remainingTimesteps(scheduler: Scheduler, call: Call & { strength: number }): number[] {
  const { numInferenceSteps, strength } = call
  const timesteps = scheduler.setTimesteps(numInferenceSteps, call)
  const first = (numInferenceSteps - Math.trunc(numInferenceSteps * strength)) * scheduler.order
  scheduler.setBeginIndex?.(first)
  return timesteps.slice(first)
}
