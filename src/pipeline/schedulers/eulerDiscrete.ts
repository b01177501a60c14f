import { InvalidOptionError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { sumOver, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, snakeCase } from './config.js'
import { EulerBase } from './eulerBase.js'
import type { PredictionType } from './prediction.js'
import { checkedStepCount } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep } from './scheduler.js'
import { checkOneShape, chosenShape, shapedSigmas, sigmasAt } from './sigmaScheduler.js'
import { BETA_SCHEDULES, linspaceSingle, SPACINGS, timestepOf } from './sigmas.js'

const SPEC = {
  className: 'EulerDiscreteScheduler',
  defaults: {
    numTrainTimesteps: 1000,
    betaStart: 0.0001,
    betaEnd: 0.02,
    betaSchedule: 'linear',
    trainedBetas: null as readonly number[] | null,
    predictionType: 'epsilon' as PredictionType,
    interpolationType: 'linear',
    useKarrasSigmas: false,
    useExponentialSigmas: false,
    useBetaSigmas: false,
    sigmaMin: null as number | null,
    sigmaMax: null as number | null,
    timestepSpacing: 'linspace',
    timestepType: 'discrete',
    stepsOffset: 0,
    rescaleBetasZeroSnr: false,
    finalSigmasType: 'zero',
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: ['epsilon', 'v_prediction', 'sample', 'original_sample'],
    interpolationType: ['linear', 'log_linear'],
    timestepSpacing: SPACINGS,
    timestepType: ['discrete', 'continuous'],
    finalSigmasType: ['zero', 'sigma_min'],
  },
} satisfies ConfigSpec<Record<string, unknown>>

/** Euler's method on the probability-flow ODE. Karras et al. 2022, Algorithm 2 without churn. */
export class EulerDiscreteScheduler extends EulerBase implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  /** EDM: the network is told ¼ log σ instead of a timestep. */
  readonly #continuous: boolean

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    checkOneShape(SPEC.className, resolved)
    super(resolved)
    this.config = resolved
    this.#continuous = resolved.timestepType === 'continuous' && resolved.predictionType === 'v_prediction'
    if (this.#continuous) this.start(continuousTimesteps(this.sigmas), this.sigmas)
  }

  static fromConfig(config: Readonly<Record<string, unknown>>): EulerDiscreteScheduler {
    return new EulerDiscreteScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    const { timesteps, sigmas } = custom.sigmas
      ? this.#fromSigmas(custom)
      : this.#fromTimesteps(numInferenceSteps, custom)
    return this.start(this.#continuous ? continuousTimesteps(sigmas) : timesteps, sigmas)
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor): SchedulerStep {
    const index = this.indexFor(timestep)
    const [sigma, sigmaNext] = [this.sigmas[index], this.sigmas[index + 1]]
    const x0 = this.denoised(this.config.predictionType, sigma, sample, modelOutput)
    const derivative = sumOver(sigma, [1, sample], [-1, x0])
    this.advance()
    return { prevSample: weightedSum([1, sample], [sigmaNext - sigma, derivative]), predOriginalSample: x0 }
  }

  #fromSigmas({ timesteps, sigmas }: CustomSchedule) {
    if (timesteps) throw new InvalidOptionError('give timesteps or sigmas, not both')
    if (sigmas!.length < 2)
      throw new InvalidOptionError(`sigmas must hold at least a first and a last noise level, got ${sigmas!.length}`)
    const logSigmas = this.trainingSigmas.map(Math.log)
    return { sigmas: sigmas!, timesteps: sigmas!.slice(0, -1).map(sigma => timestepOf(Math.fround(sigma), logSigmas)) }
  }

  #fromTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule) {
    const { interpolationType, finalSigmasType } = this.config
    const shape = chosenShape(this.config)
    const own = custom.timesteps
    if (own && (shape || this.#continuous))
      throw new InvalidOptionError(
        `${SPEC.className} takes no timesteps of one's own with ${shape ? snakeCase(shape) : '"timestep_type": "continuous"'}`,
      )
    const count = checkedStepCount(own ? own.length : numInferenceSteps)
    const training = this.trainingSigmas
    const timesteps = own ? own.map(Math.fround) : this.spaced(count)
    let sigmas = interpolationType === 'linear' ? sigmasAt(timesteps, training) : this.#logLinear(count)
    const last = finalSigmasType === 'zero' ? 0 : training[0]
    if (!shape) return { timesteps, sigmas: [...sigmas, last] }
    sigmas = shapedSigmas(this.config, sigmas[0], sigmas[sigmas.length - 1], count)
    const logSigmas = training.map(Math.log)
    return { timesteps: sigmas.map(sigma => timestepOf(sigma, logSigmas)), sigmas: [...sigmas, last] }
  }

  /** One level more than there are steps, as in diffusers. */
  #logLinear(count: number): number[] {
    const [first, last] = [this.trainingSigmas[0], this.trainingSigmas[this.trainingSigmas.length - 1]]
    return [...linspaceSingle(Math.fround(Math.log(last)), Math.fround(Math.log(first)), count + 1).map(Math.exp)]
  }
}

const continuousTimesteps = (sigmas: readonly number[]) =>
  sigmas.slice(0, -1).map(sigma => 0.25 * Math.fround(Math.log(sigma)))
