import type { Tensor } from '../tensor.js'
import { weightedSum } from './arithmetic.js'
import { type Config, resolveConfig, withoutCarried } from './config.js'
import { kdpm2Spec } from './configKeys.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler } from './scheduler.js'
import { checkOneShape } from './sigmaScheduler.js'
import { type Begun, TwoCallScheduler } from './twoCallScheduler.js'

const SPEC = kdpm2Spec('KDPM2DiscreteScheduler')

/**
 * DPM-Solver-2: the derivative halfway, in log σ, between the ends of a step. Lu et al. 2022, "DPM-Solver", Algorithm 1,
 * in the terms of Karras et al. 2022: k-diffusion's `sample_dpm_2`.
 *
 * Options: `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`,
 * `sigmaMin`, `sigmaMax`, `timestepSpacing`.
 */
export class KDPM2DiscreteScheduler extends TwoCallScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): KDPM2DiscreteScheduler {
    return new KDPM2DiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas', 'mu')
    const steps = this.wholeLevels(checkedStepCount(numInferenceSteps), this.config)
    const halfway = steps.sigmas.slice(1).map((sigma, i) => Math.sqrt(sigma * steps.sigmas[i]))
    return this.startCalls(steps, this.withTimesteps(halfway))
  }

  protected wholeStep({ sample, sigma }: Begun, derivative: Tensor, sigmaNext: number): Tensor {
    return weightedSum([1, sample], [sigmaNext - sigma, derivative])
  }
}
