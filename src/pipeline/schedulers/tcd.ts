import { InvalidOptionError } from '../errors.js'
import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { AlphaScheduler } from './alphaScheduler.js'
import { weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_SCHEDULES, DISTILLED_KEYS, PREDICTIONS, SPACINGS } from './configKeys.js'
import { distilledTimesteps } from './distilledSchedule.js'
import { noiseOf, pictureOf, predicted } from './prediction.js'
import { refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'

const SPEC = {
  className: 'TCDScheduler',
  defaults: DISTILLED_KEYS,
  values: { betaSchedule: BETA_SCHEDULES, predictionType: PREDICTIONS, timestepSpacing: SPACINGS },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Trajectory consistency distillation: each step goes down past the next timestep to s = (1 − γ) t′ and back up with
 * fresh noise; γ is `eta`. For networks that were distilled for it. As in diffusers, clipping and thresholding have no
 * effect. Zheng et al. 2024, "Trajectory Consistency Distillation", Algorithm 2.
 *
 * Options: `originalInferenceSteps`, `rescaleBetasZeroSnr`; at a step `eta`.
 */
export class TCDScheduler extends AlphaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): TCDScheduler {
    return new TCDScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'sigmas', 'mu')
    this.timesteps = custom.timesteps
      ? this.ownTimesteps(custom.timesteps)
      : distilledTimesteps(numInferenceSteps, this.config)
    return this.timesteps
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const { eta = 0.3, generator, dtype } = options
    if (!(eta >= 0 && eta <= 1)) throw new InvalidOptionError(`eta must be a number from 0 to 1, got ${eta}`)
    const { predictionType } = this.config
    const previous = this.timesteps[this.indexOf(timestep) + 1]
    const alphaBar = this.alphaAt(timestep)
    const alphaBarPrev = this.alphaAt(previous ?? 0)
    const alphaBarS = this.alphaAt(Math.floor(fround(fround(1 - eta) * (previous ?? 0))))

    const [alpha, sigma] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
    const x0 = predicted(pictureOf(predictionType, alpha, sigma), sample, modelOutput)
    const epsilon = predicted(noiseOf(predictionType, alpha, sigma), sample, modelOutput)
    const atS = weightedSum([Math.sqrt(alphaBarS), x0], [Math.sqrt(1 - alphaBarS), epsilon])
    if (eta === 0 || previous === undefined) return { prevSample: atS, predOriginalSample: x0 }

    const noise = randn(modelOutput.dims, { generator, dtype })
    const kept = alphaBarPrev / alphaBarS
    return { prevSample: weightedSum([Math.sqrt(kept), atS], [Math.sqrt(1 - kept), noise]), predOriginalSample: x0 }
  }
}

const { fround } = Math
