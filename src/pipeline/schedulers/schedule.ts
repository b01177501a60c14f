import { InvalidOptionError } from '../errors.js'
import type { CustomSchedule } from './scheduler.js'

/** @throws InvalidOptionError unless it is a whole number of at least 1, and of at most `max` */
export function checkedStepCount(count: number | undefined, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(count) || count! < 1)
    throw new InvalidOptionError(`numInferenceSteps must be a whole number of at least 1, got ${count}`)
  if (count! > max)
    throw new InvalidOptionError(`numInferenceSteps must be at most the ${max} of the training, got ${count}`)
  return count!
}

/** Refuses a schedule of the caller's own where the class takes none. */
export function refuseCustom(className: string, custom: CustomSchedule, ...keys: (keyof CustomSchedule)[]): void {
  for (const key of keys)
    if (custom[key] !== undefined)
      throw new InvalidOptionError(`${className} takes no ${key} of one's own: leave ${key} out`)
}

/** Refuses a timestep that no step of the schedule has. */
export function checkTimestep(timesteps: readonly number[], timestep: number): void {
  if (!timesteps.includes(timestep))
    throw new InvalidOptionError(
      `timestep must be one of the schedule's (${timesteps.slice(0, 3).join(', ')}, …), got ${timestep}`,
    )
}

/** Refuses a step after the last of a schedule that is walked once. */
export function checkNotDone(index: number, timesteps: readonly number[]): void {
  if (index >= timesteps.length)
    throw new InvalidOptionError(`all ${timesteps.length} steps are done: call setTimesteps to start again`)
}
