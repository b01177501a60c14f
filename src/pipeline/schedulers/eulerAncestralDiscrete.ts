import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { ancestralStep, sumOver, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_KEYS, BETA_SCHEDULES, SPACING_KEYS, SPACINGS } from './configKeys.js'
import { KDiffusionScheduler } from './kDiffusionScheduler.js'
import type { PredictionType } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { sigmasAt } from './sigmaScheduler.js'

const SPEC = {
  className: 'EulerAncestralDiscreteScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SPACING_KEYS,
    predictionType: 'epsilon' as PredictionType,
    rescaleBetasZeroSnr: false,
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: ['epsilon', 'v_prediction'],
    timestepSpacing: SPACINGS,
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Euler's method with fresh noise after each step: k-diffusion's `sample_euler_ancestral`.
 *
 * Options: `timestepSpacing`, `rescaleBetasZeroSnr`.
 */
export class EulerAncestralDiscreteScheduler extends KDiffusionScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): EulerAncestralDiscreteScheduler {
    return new EulerAncestralDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas', 'mu')
    const timesteps = this.spaced(checkedStepCount(numInferenceSteps))
    return this.start(timesteps, [...sigmasAt(timesteps, this.trainingSigmas), 0])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const index = this.indexFor(timestep)
    const [sigma, sigmaNext] = [this.sigmas[index], this.sigmas[index + 1]]
    const { sigmaUp, sigmaDown } = ancestralStep(sigma, sigmaNext)
    const x0 = this.denoised(this.config.predictionType, sigma, sample, modelOutput)
    const derivative = sumOver(sigma, [1, sample], [-1, x0])
    const noise = randn(modelOutput.dims, options)
    this.advance()
    const prevSample = weightedSum([1, sample], [sigmaDown - sigma, derivative], [sigmaUp, noise])
    return { prevSample, predOriginalSample: x0 }
  }
}
