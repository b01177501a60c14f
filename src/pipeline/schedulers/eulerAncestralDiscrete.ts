import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { sumOver, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig } from './config.js'
import { EulerBase } from './eulerBase.js'
import type { PredictionType } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { sigmasAt } from './sigmaScheduler.js'
import { BETA_SCHEDULES, SPACINGS } from './sigmas.js'

const SPEC = {
  className: 'EulerAncestralDiscreteScheduler',
  defaults: {
    numTrainTimesteps: 1000,
    betaStart: 0.0001,
    betaEnd: 0.02,
    betaSchedule: 'linear',
    trainedBetas: null as readonly number[] | null,
    predictionType: 'epsilon' as PredictionType,
    timestepSpacing: 'linspace',
    stepsOffset: 0,
    rescaleBetasZeroSnr: false,
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: ['epsilon', 'v_prediction'],
    timestepSpacing: SPACINGS,
  },
} satisfies ConfigSpec<Record<string, unknown>>

/** Euler's method with fresh noise after each step: k-diffusion's `sample_euler_ancestral`. */
export class EulerAncestralDiscreteScheduler extends EulerBase implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(resolved)
    this.config = resolved
  }

  static fromConfig(config: Readonly<Record<string, unknown>>): EulerAncestralDiscreteScheduler {
    return new EulerAncestralDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas')
    const timesteps = this.spaced(checkedStepCount(numInferenceSteps))
    return this.start(timesteps, [...sigmasAt(timesteps, this.trainingSigmas), 0])
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const index = this.indexFor(timestep)
    const [sigma, sigmaNext] = [this.sigmas[index], this.sigmas[index + 1]]
    const sigmaUp = Math.sqrt((sigmaNext ** 2 * (sigma ** 2 - sigmaNext ** 2)) / sigma ** 2)
    const sigmaDown = Math.sqrt(sigmaNext ** 2 - sigmaUp ** 2)
    const x0 = this.denoised(this.config.predictionType, sigma, sample, modelOutput)
    const derivative = sumOver(sigma, [1, sample], [-1, x0])
    const noise = randn(modelOutput.dims, options)
    this.advance()
    const prevSample = weightedSum([1, sample], [sigmaDown - sigma, derivative], [sigmaUp, noise])
    return { prevSample, predOriginalSample: x0 }
  }
}
