import { InvalidOptionError } from '../errors.js'
import { linspace } from './sigmas.js'

interface ShiftConfig {
  useDynamicShifting: boolean
  timeShiftType: string
}

/**
 * How far a flow's noise levels are shifted towards 1: by the config's `shift`, or as μ says.
 * @throws InvalidOptionError for μ without `use_dynamic_shifting`
 */
export function shiftOf(
  className: string,
  { useDynamicShifting, timeShiftType }: ShiftConfig,
  shift: number,
  mu?: number,
) {
  if (mu === undefined) return shift
  if (!useDynamicShifting)
    throw new InvalidOptionError(`${className} takes mu with use_dynamic_shifting alone: leave mu out`)
  return timeShiftType === 'linear' ? mu : Math.exp(mu)
}

/** @throws InvalidOptionError where the levels are to be shifted by μ and none is given */
export function checkMu(className: string, { useDynamicShifting }: ShiftConfig, mu: number | undefined): void {
  if (useDynamicShifting && mu === undefined)
    throw new InvalidOptionError(
      `${className} needs mu with use_dynamic_shifting, as in setTimesteps(20, { mu: 1.15 })`,
    )
}

/** Esser et al. 2024, equation 23. */
export const shifted = (sigma: number, shift: number) => (shift * sigma) / (1 + (shift - 1) * sigma)

/** The levels stretched so that the last of them is `terminal`. */
export function stretchedTo(terminal: number | null, sigmas: readonly number[]): number[] {
  if (!terminal) return [...sigmas]
  const scale = (1 - sigmas[sigmas.length - 1]) / (1 - terminal)
  return sigmas.map(sigma => 1 - (1 - sigma) / scale)
}

/** `count` falling levels as DPM-Solver and DEIS walk a flow; the last one reached, 0, is left out. */
export function flowSigmas(count: number, shift: number, numTrainTimesteps: number): number[] {
  return linspace(1, 1 / numTrainTimesteps, count + 1)
    .map(alpha => shifted(1 - alpha, shift))
    .reverse()
    .slice(0, -1)
}
