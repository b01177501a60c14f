import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { AlphaScheduler } from './alphaScheduler.js'
import { limited, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_SCHEDULES, DISTILLED_KEYS, PREDICTIONS, SPACINGS } from './configKeys.js'
import { distilledTimesteps } from './distilledSchedule.js'
import { pictureOf, predicted } from './prediction.js'
import { refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'

const SPEC = {
  className: 'LCMScheduler',
  defaults: DISTILLED_KEYS,
  values: { betaSchedule: BETA_SCHEDULES, predictionType: PREDICTIONS, timestepSpacing: SPACINGS },
} satisfies ConfigSpec<Record<string, unknown>>

/** σ_data of the boundary condition: half the spread of the data. */
const SIGMA_DATA = 0.5

/**
 * Multistep consistency sampling: each step leaps to the picture and goes back to less noise, made anew. For networks
 * that were distilled for it, 2 to 8 steps. Luo et al. 2023, "Latent Consistency Models", Algorithm 3; Song et al. 2023.
 *
 * Options: `originalInferenceSteps`, `timestepScaling`, `clipSample`, `thresholding` and their ranges,
 * `rescaleBetasZeroSnr`.
 */
export class LCMScheduler extends AlphaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): LCMScheduler {
    return new LCMScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas', 'mu')
    this.timesteps = custom.timesteps
      ? this.ownTimesteps(custom.timesteps)
      : distilledTimesteps(numInferenceSteps, this.config)
    return this.timesteps
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const { predictionType, timestepScaling } = this.config
    const previous = this.timesteps[this.indexOf(timestep) + 1]
    const alphaBar = this.alphaAt(timestep)
    const picture = pictureOf(predictionType, Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar))
    const x0 = limited(predicted(picture, sample, modelOutput), this.config)

    const scaled = timestep * timestepScaling
    const cSkip = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2)
    const cOut = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2)
    const denoised = weightedSum([cOut, x0], [cSkip, sample])
    if (previous === undefined) return { prevSample: denoised, predOriginalSample: denoised }

    const { generator, dtype } = options
    const noise = randn(modelOutput.dims, { generator, dtype })
    const alphaBarPrev = this.alphaAt(previous)
    const prevSample = weightedSum([Math.sqrt(alphaBarPrev), denoised], [Math.sqrt(1 - alphaBarPrev), noise])
    return { prevSample, predOriginalSample: denoised }
  }
}
