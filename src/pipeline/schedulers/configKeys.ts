import type { ConfigSpec } from './config.js'
import type { PredictionType } from './prediction.js'

// Keys that many classes have, with the defaults that most of them give.

export const BETA_KEYS = {
  numTrainTimesteps: 1000,
  betaStart: 0.0001,
  betaEnd: 0.02,
  betaSchedule: 'linear',
  trainedBetas: null as readonly number[] | null,
}

export const SPACING_KEYS = { timestepSpacing: 'linspace', stepsOffset: 0 }

export const SHAPE_KEYS = {
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  useBetaSigmas: false,
  // in few classes' `__init__`, but looked for by the shapes of all
  sigmaMin: null as number | null,
  sigmaMax: null as number | null,
}

export const THRESHOLD_KEYS = { thresholding: false, dynamicThresholdingRatio: 0.995, sampleMaxValue: 1 }

export const CLIP_KEYS = { clipSample: false, clipSampleRange: 1 }

/** Of the classes that can walk a flow's levels, x = (1 − σ) x₀ + σ ε. */
export const FLOW_KEYS = {
  predictionType: 'epsilon' as PredictionType,
  useFlowSigmas: false,
  flowShift: 1,
  useDynamicShifting: false,
  timeShiftType: 'exponential',
}

export const BETA_SCHEDULES = ['linear', 'scaled_linear', 'squaredcos_cap_v2']
export const SPACINGS = ['linspace', 'leading', 'trailing']
export const PREDICTIONS: readonly PredictionType[] = ['epsilon', 'sample', 'v_prediction']
export const FLOW_PREDICTIONS: readonly PredictionType[] = [...PREDICTIONS, 'flow_prediction']
/** Those of all exponential integrators: each takes another's for its own first. */
export const SOLVER_TYPES = ['midpoint', 'heun', 'logrho', 'bh1', 'bh2']
/** DDPM's; DPM-Solver looks whether a variance is learned, and drops it. */
export const VARIANCE_TYPES = [
  null,
  'fixed_small',
  'fixed_small_log',
  'fixed_large',
  'fixed_large_log',
  'learned',
  'learned_range',
]

/** Of the classes for distilled networks. */
export const DISTILLED_KEYS = {
  ...BETA_KEYS,
  ...THRESHOLD_KEYS,
  ...CLIP_KEYS,
  ...SPACING_KEYS,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  originalInferenceSteps: 50,
  predictionType: 'epsilon' as PredictionType,
  rescaleBetasZeroSnr: false,
  setAlphaToOne: true,
  timestepScaling: 10,
  timestepSpacing: 'leading',
}

/** Both DPM-Solver-2 classes, which differ in nothing but their step. */
export const kdpm2Spec = <Name extends string>(className: Name) =>
  ({
    className,
    defaults: {
      ...BETA_KEYS,
      ...SHAPE_KEYS,
      ...SPACING_KEYS,
      betaStart: 0.00085,
      betaEnd: 0.012,
      predictionType: 'epsilon' as PredictionType,
    },
    values: {
      betaSchedule: BETA_SCHEDULES,
      predictionType: ['epsilon', 'v_prediction'],
      timestepSpacing: SPACINGS,
    },
  }) satisfies ConfigSpec<Record<string, unknown>>
