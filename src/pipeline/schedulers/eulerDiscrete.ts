import { InvalidOptionError } from '../errors.js'
import { randn } from '../random.js'
import type { Tensor } from '../tensor.js'
import { sumOver, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_KEYS, BETA_SCHEDULES, PREDICTIONS, SHAPE_KEYS, SPACING_KEYS, SPACINGS } from './configKeys.js'
import { KDiffusionScheduler } from './kDiffusionScheduler.js'
import type { PredictionType } from './prediction.js'
import { checkedStepCount, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep, StepOptions } from './scheduler.js'
import { checkOneShape, chosenShape, refuseTimestepsWith, sigmasAt } from './sigmaScheduler.js'
import { linspaceSingle } from './sigmas.js'

const SPEC = {
  className: 'EulerDiscreteScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SHAPE_KEYS,
    ...SPACING_KEYS,
    finalSigmasType: 'zero',
    interpolationType: 'linear',
    predictionType: 'epsilon' as PredictionType,
    rescaleBetasZeroSnr: false,
    timestepType: 'discrete',
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: [...PREDICTIONS, 'original_sample'],
    interpolationType: ['linear', 'log_linear'],
    timestepSpacing: SPACINGS,
    timestepType: ['discrete', 'continuous'],
    finalSigmasType: ['zero', 'sigma_min'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/**
 * Euler's method on the probability-flow ODE. Karras et al. 2022, Algorithm 2 with the first-order step.
 *
 * Options: `useKarrasSigmas`, `useExponentialSigmas`, `useBetaSigmas`,
 * `sigmaMin`, `sigmaMax`, `finalSigmasType`, `timestepSpacing`, `interpolationType`, `timestepType`,
 * `rescaleBetasZeroSnr`; at a step `sChurn`, `sTmin`, `sTmax`, `sNoise`.
 */
export class EulerDiscreteScheduler extends KDiffusionScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  /** EDM: the network is told ¼ log σ instead of a timestep. */
  readonly #continuous: boolean

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
    this.#continuous = resolved.timestepType === 'continuous' && resolved.predictionType === 'v_prediction'
    if (this.#continuous) this.start(continuousTimesteps(this.sigmas), this.sigmas)
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): EulerDiscreteScheduler {
    return new EulerDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'mu')
    const { timesteps, sigmas } = custom.sigmas
      ? this.#fromSigmas(custom)
      : this.#fromTimesteps(numInferenceSteps, custom)
    return this.start(this.#continuous ? continuousTimesteps(sigmas) : timesteps, sigmas)
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor, options: StepOptions = {}): SchedulerStep {
    const index = this.indexFor(timestep)
    const [sigma, sigmaNext] = [this.sigmas[index], this.sigmas[index + 1]]
    const { x, sigmaHat } = this.#churned(sample, sigma, options)
    const { predictionType } = this.config
    // diffusers leaves the churn out where velocities are predicted
    const x0 = this.denoised(predictionType, predictionType === 'epsilon' ? sigmaHat : sigma, x, modelOutput)
    const derivative = sumOver(sigmaHat, [1, x], [-1, x0])
    this.advance()
    return { prevSample: weightedSum([1, x], [sigmaNext - sigmaHat, derivative]), predOriginalSample: x0 }
  }

  /** The sample with noise added up to σ̂ = σ (1 + γ). */
  #churned(sample: Tensor, sigma: number, options: StepOptions): { x: Tensor; sigmaHat: number } {
    const { sChurn = 0, sTmin = 0, sTmax = Number.POSITIVE_INFINITY, sNoise = 1, generator, dtype } = options
    if (sChurn <= 0 || sigma < sTmin || sigma > sTmax) return { x: sample, sigmaHat: sigma }
    const sigmaHat = sigma * (1 + Math.min(sChurn / (this.sigmas.length - 1), Math.SQRT2 - 1))
    const added = sNoise * Math.sqrt(sigmaHat ** 2 - sigma ** 2)
    return { x: weightedSum([1, sample], [added, randn(sample.dims, { generator, dtype })]), sigmaHat }
  }

  #fromSigmas({ timesteps, sigmas }: CustomSchedule) {
    if (timesteps) throw new InvalidOptionError('give timesteps or sigmas, not both')
    if (sigmas!.length < 2)
      throw new InvalidOptionError(`sigmas must hold at least a first and a last noise level, got ${sigmas!.length}`)
    return { ...this.withTimesteps(sigmas!.slice(0, -1).map(Math.fround)), sigmas: sigmas! }
  }

  #fromTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule) {
    const { interpolationType, finalSigmasType } = this.config
    const shape = chosenShape(this.config)
    const own = custom.timesteps
    refuseTimestepsWith(SPEC.className, shape ?? (this.#continuous ? '"timestep_type": "continuous"' : undefined), own)
    const count = checkedStepCount(own ? own.length : numInferenceSteps)
    const training = this.trainingSigmas
    const timesteps = own ? own.map(Math.fround) : this.spaced(count)
    const sigmas = interpolationType === 'linear' ? sigmasAt(timesteps, training) : this.#logLinear(count)
    const last = finalSigmasType === 'zero' ? 0 : training[0]
    if (!shape) return { timesteps, sigmas: [...sigmas, last] }
    const shaped = this.shaped(this.config, sigmas, count)
    return { ...shaped, sigmas: [...shaped.sigmas, last] }
  }

  /** One level more than there are steps, as in diffusers. */
  #logLinear(count: number): number[] {
    const [first, last] = [this.trainingSigmas[0], this.trainingSigmas[this.trainingSigmas.length - 1]]
    return [...linspaceSingle(Math.fround(Math.log(last)), Math.fround(Math.log(first)), count + 1).map(Math.exp)]
  }
}

const continuousTimesteps = (sigmas: readonly number[]) =>
  sigmas.slice(0, -1).map(sigma => 0.25 * Math.fround(Math.log(sigma)))
