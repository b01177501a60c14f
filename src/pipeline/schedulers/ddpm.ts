import { InvalidOptionError } from '../errors.js'
import { randn } from '../random.js'
import { type Tensor, tensor } from '../tensor.js'
import { AlphaScheduler } from './alphaScheduler.js'
import { limited, splitChannels, weightedSum } from './arithmetic.js'
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
import { type PredictionType, pictureOf, predicted } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'

const SPEC = {
  className: 'DDPMScheduler',
  defaults: {
    ...BETA_KEYS,
    ...THRESHOLD_KEYS,
    ...CLIP_KEYS,
    ...SPACING_KEYS,
    clipSample: true,
    predictionType: 'epsilon' as PredictionType,
    rescaleBetasZeroSnr: false,
    timestepSpacing: 'leading',
    varianceType: 'fixed_small',
  },
  values: {
    betaSchedule: [...BETA_SCHEDULES, 'sigmoid', 'laplace'],
    predictionType: PREDICTIONS,
    timestepSpacing: SPACINGS,
    // diffusers' "fixed_large_log" takes the root of a logarithm below zero
    varianceType: ['fixed_small', 'fixed_small_log', 'fixed_large', 'learned', 'learned_range'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Denoising diffusion probabilistic models: each step draws from the posterior. Ho et al. 2020, equations 6 and 7.
 *
 * Options: `varianceType`, `clipSample`, `thresholding` and their ranges, `timestepSpacing`, `rescaleBetasZeroSnr`.
 */
export class DDPMScheduler extends AlphaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): DDPMScheduler {
    return new DDPMScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas', 'mu')
    this.timesteps = custom.timesteps
      ? this.ownTimesteps(custom.timesteps)
      : this.spaced(checkedStepCount(numInferenceSteps, this.config.numTrainTimesteps))
    return this.timesteps
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const { predictionType, varianceType } = this.config
    const previous = this.timesteps[this.indexOf(timestep) + 1]
    const alphaBar = this.alphaAt(timestep)
    const alphaBarPrev = previous === undefined ? 1 : this.alphaAt(previous)
    const alpha = alphaBar / alphaBarPrev
    const beta = 1 - alpha
    const learned = varianceType.startsWith('learned')
    const [output, learnedVariance] = learned ? withVariance(modelOutput, sample) : [modelOutput]

    const picture = pictureOf(predictionType, Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar))
    const x0 = limited(predicted(picture, sample, output), this.config)
    const mean = weightedSum(
      [(Math.sqrt(alphaBarPrev) * beta) / (1 - alphaBar), x0],
      [(Math.sqrt(alpha) * (1 - alphaBarPrev)) / (1 - alphaBar), sample],
    )
    if (timestep === 0) return { prevSample: mean, predOriginalSample: x0 }

    const { generator, dtype } = options
    const noise = randn(output.dims, { generator, dtype })
    const small = Math.max(((1 - alphaBarPrev) / (1 - alphaBar)) * beta, 1e-20)
    const scaled = learnedVariance
      ? noiseOfLearned(noise, learnedVariance, varianceType === 'learned_range' ? [small, beta] : undefined)
      : weightedSum([Math.sqrt(varianceType === 'fixed_large' ? beta : small), noise])
    return { prevSample: weightedSum([1, mean], [1, scaled]), predOriginalSample: x0 }
  }
}

function withVariance(output: Tensor, sample: Tensor): [Tensor, Tensor] {
  if (output.dims[1] !== 2 * sample.dims[1])
    throw new InvalidOptionError(
      `a learned variance needs a model output of ${2 * sample.dims[1]} channels, twice the sample's, got ${output.dims[1]}`,
    )
  return splitChannels(output)
}

/** Noise scaled by the network's own variance, or by one that it places (−1 … 1) within a range. Nichol & Dhariwal 2021, equation 15. */
function noiseOfLearned(noise: Tensor, variance: Tensor, range?: readonly [small: number, large: number]): Tensor {
  const [low, high] = range?.map(Math.log) ?? []
  const deviation = (v: number) => {
    const place = (v + 1) / 2
    return range ? Math.exp(0.5 * (place * high + (1 - place) * low)) : Math.sqrt(v)
  }
  return tensor(
    noise.data.map((value, i) => value * deviation(variance.data[i])),
    noise.dims,
  )
}
