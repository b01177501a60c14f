import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { AlphaScheduler } from './alphaScheduler.js'
import { limited, type Term, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import {
  BETA_KEYS,
  BETA_SCHEDULES,
  CLIP_KEYS,
  PREDICTIONS,
  SPACING_KEYS,
  SPACINGS,
  THRESHOLD_KEYS,
} from './configKeys.js'
import { noiseOf, type PredictionType, pictureOf, predicted } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'

const SPEC = {
  className: 'DDIMScheduler',
  defaults: {
    ...BETA_KEYS,
    ...THRESHOLD_KEYS,
    ...CLIP_KEYS,
    ...SPACING_KEYS,
    clipSample: true,
    predictionType: 'epsilon' as PredictionType,
    rescaleBetasZeroSnr: false,
    setAlphaToOne: true,
    timestepSpacing: 'leading',
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: PREDICTIONS,
    timestepSpacing: SPACINGS,
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Denoising diffusion implicit models. Song et al. 2021, equations 12 and 16.
 *
 * Options: `clipSample`, `thresholding` and their ranges, `timestepSpacing`, `setAlphaToOne`, `rescaleBetasZeroSnr`;
 * at a step `eta`, `useClippedModelOutput`.
 */
export class DDIMScheduler extends AlphaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): DDIMScheduler {
    return new DDIMScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas', 'mu')
    this.timesteps = this.spaced(checkedStepCount(numInferenceSteps, this.config.numTrainTimesteps))
    return this.timesteps
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const { eta = 0, generator, dtype, useClippedModelOutput } = options
    const { predictionType } = this.config
    const previous = timestep - this.strideFor(timestep)
    const alphaT = this.alphaAt(timestep)
    const alphaPrev = this.alphaAfter(previous)
    const [alpha, sigma] = [Math.sqrt(alphaT), Math.sqrt(1 - alphaT)]

    const picture = pictureOf(predictionType, alpha, sigma)
    const x0 = limited(predicted(picture, sample, modelOutput), this.config)
    const epsilon = useClippedModelOutput
      ? predicted(noiseOf('sample', alpha, sigma), sample, x0)
      : predicted(noiseOf(predictionType, alpha, sigma), sample, modelOutput)

    const variance = ((1 - alphaPrev) / (1 - alphaT)) * (1 - alphaT / alphaPrev)
    const stdDev = eta * Math.sqrt(variance)
    const terms: Term[] = [
      [Math.sqrt(alphaPrev), x0],
      [Math.sqrt(1 - alphaPrev - stdDev ** 2), epsilon],
    ]
    if (eta > 0) terms.push([stdDev, randn(modelOutput.dims, { generator, dtype })])
    return { prevSample: weightedSum(...terms), predOriginalSample: x0 }
  }
}
