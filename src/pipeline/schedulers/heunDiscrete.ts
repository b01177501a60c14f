import type { Tensor } from '../tensor.js'
import { clamped, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_KEYS, BETA_SCHEDULES, CLIP_KEYS, PREDICTIONS, SHAPE_KEYS, SPACING_KEYS, SPACINGS } from './configKeys.js'
import type { PredictionType } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler } from './scheduler.js'
import { checkOneShape, chosenShape, refuseTimestepsWith } from './sigmaScheduler.js'
import { type Begun, TwoCallScheduler } from './twoCallScheduler.js'

const SPEC = {
  className: 'HeunDiscreteScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SHAPE_KEYS,
    ...CLIP_KEYS,
    ...SPACING_KEYS,
    betaStart: 0.00085,
    betaEnd: 0.012,
    predictionType: 'epsilon' as PredictionType,
  },
  values: { betaSchedule: [...BETA_SCHEDULES, 'exp'], predictionType: PREDICTIONS, timestepSpacing: SPACINGS },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Heun's method: the mean of the derivatives at both ends of a step. Karras et al. 2022, Algorithm 1.
 *
 * Options: `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`,
 * `sigmaMin`, `sigmaMax`, `clipSample`, `clipSampleRange`, `timestepSpacing`.
 */
export class HeunDiscreteScheduler extends TwoCallScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): HeunDiscreteScheduler {
    return new HeunDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas', 'mu')
    refuseTimestepsWith(SPEC.className, chosenShape(this.config), custom.timesteps)
    const count = checkedStepCount(custom.timesteps ? custom.timesteps.length : numInferenceSteps)
    const { timesteps, sigmas } = this.levels(count, this.config, custom.timesteps)
    return this.startCalls({ timesteps, sigmas }, { timesteps: timesteps.slice(1), sigmas: sigmas.slice(1) })
  }

  protected wholeStep({ sample, sigma, derivative: first }: Begun, derivative: Tensor, sigmaNext: number): Tensor {
    const half = (sigmaNext - sigma) / 2
    return weightedSum([1, sample], [half, first], [half, derivative])
  }

  protected override limited(x0: Tensor): Tensor {
    return this.config.clipSample ? clamped(x0, this.config.clipSampleRange) : x0
  }
}
