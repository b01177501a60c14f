import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { ancestralStep, weightedSum } from './arithmetic.js'
import { type Config, resolveConfig, withoutCarried } from './config.js'
import { kdpm2Spec } from './configKeys.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, StepOptions } from './scheduler.js'
import { checkOneShape } from './sigmaScheduler.js'
import { type Begun, TwoCallScheduler } from './twoCallScheduler.js'

const SPEC = kdpm2Spec('KDPM2AncestralDiscreteScheduler')

/**
 * DPM-Solver-2 that goes below each step's end and back up with fresh noise: k-diffusion's `sample_dpm_2_ancestral`.
 *
 * Options: `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`,
 * `sigmaMin`, `sigmaMax`, `timestepSpacing`.
 */
export class KDPM2AncestralDiscreteScheduler extends TwoCallScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): KDPM2AncestralDiscreteScheduler {
    return new KDPM2AncestralDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas', 'mu')
    const steps = this.wholeLevels(checkedStepCount(numInferenceSteps), this.config)
    const halfway = steps.sigmas
      .slice(1)
      .map((sigmaNext, i) => Math.sqrt(steps.sigmas[i] * ancestralStep(steps.sigmas[i], sigmaNext).sigmaDown))
    return this.startCalls(steps, this.withTimesteps(halfway))
  }

  protected wholeStep({ sample, sigma }: Begun, derivative: Tensor, sigmaNext: number, options: StepOptions): Tensor {
    const { sigmaUp, sigmaDown } = ancestralStep(sigma, sigmaNext)
    const { generator, dtype } = options
    const noise = randn(sample.dims, { generator, dtype })
    return weightedSum([1, sample], [sigmaDown - sigma, derivative], [sigmaUp, noise])
  }
}
