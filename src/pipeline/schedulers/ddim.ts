import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { AlphaScheduler } from './alphaScheduler.js'
import { clamped, type Term, thresholded, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig } from './config.js'
import { noiseOf, type PredictionType, pictureOf, predicted } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { BETA_SCHEDULES, SPACINGS } from './sigmas.js'

const SPEC = {
  className: 'DDIMScheduler',
  defaults: {
    numTrainTimesteps: 1000,
    betaStart: 0.0001,
    betaEnd: 0.02,
    betaSchedule: 'linear',
    trainedBetas: null as readonly number[] | null,
    clipSample: true,
    setAlphaToOne: true,
    stepsOffset: 0,
    predictionType: 'epsilon' as PredictionType,
    thresholding: false,
    dynamicThresholdingRatio: 0.995,
    clipSampleRange: 1,
    sampleMaxValue: 1,
    timestepSpacing: 'leading',
    rescaleBetasZeroSnr: false,
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: ['epsilon', 'sample', 'v_prediction'],
    timestepSpacing: SPACINGS,
  },
} satisfies ConfigSpec<Record<string, unknown>>

/** Denoising diffusion implicit models. Song et al. 2021, equations 12 and 16. */
export class DDIMScheduler extends AlphaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(resolved)
    this.config = resolved
  }

  static fromConfig(config: Readonly<Record<string, unknown>>): DDIMScheduler {
    return new DDIMScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas')
    this.timesteps = this.spaced(checkedStepCount(numInferenceSteps, this.config.numTrainTimesteps))
    return this.timesteps
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const { eta = 0, generator, dtype } = options
    const { predictionType } = this.config
    const previous = timestep - this.strideFor(timestep)
    const alphaT = this.alphaAt(timestep)
    const alphaPrev = this.alphaAfter(previous)
    const [alpha, sigma] = [Math.sqrt(alphaT), Math.sqrt(1 - alphaT)]

    const picture = pictureOf(predictionType, alpha, sigma)
    const x0 = this.#limited(predicted(picture, sample, modelOutput))
    const epsilon = predicted(noiseOf(predictionType, alpha, sigma), sample, modelOutput)

    const variance = ((1 - alphaPrev) / (1 - alphaT)) * (1 - alphaT / alphaPrev)
    const stdDev = eta * Math.sqrt(variance)
    const terms: Term[] = [
      [Math.sqrt(alphaPrev), x0],
      [Math.sqrt(1 - alphaPrev - stdDev ** 2), epsilon],
    ]
    if (eta > 0) terms.push([stdDev, randn(modelOutput.dims, { generator, dtype })])
    return { prevSample: weightedSum(...terms), predOriginalSample: x0 }
  }

  #limited(x0: Tensor): Tensor {
    const { thresholding, dynamicThresholdingRatio, sampleMaxValue, clipSample, clipSampleRange } = this.config
    if (thresholding) return thresholded(x0, dynamicThresholdingRatio, sampleMaxValue)
    return clipSample ? clamped(x0, clipSampleRange) : x0
  }
}
