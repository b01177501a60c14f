import { InvalidOptionError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { AlphaScheduler } from './alphaScheduler.js'
import { sumOver, type Term, weightedSum } from './arithmetic.js'
import { type Config, type ConfigSpec, resolveConfig, withoutCarried } from './config.js'
import { BETA_KEYS, BETA_SCHEDULES, SPACING_KEYS, SPACINGS } from './configKeys.js'
import { noiseOf, type PredictionType } from './prediction.js'
import { checkedStepCount, checkNotDone, refuseCustom } from './schedule.js'
import type { CustomSchedule, Scheduler, SchedulerStep } from './scheduler.js'

const SPEC = {
  className: 'PNDMScheduler',
  defaults: {
    ...BETA_KEYS,
    ...SPACING_KEYS,
    skipPrkSteps: false,
    setAlphaToOne: false,
    predictionType: 'epsilon' as PredictionType,
    timestepSpacing: 'leading',
  },
  values: {
    betaSchedule: BETA_SCHEDULES,
    predictionType: ['epsilon', 'v_prediction'],
    timestepSpacing: SPACINGS,
  },
} satisfies ConfigSpec<Record<string, unknown>>

/** The Runge-Kutta steps that start the multistep method, each of four model calls. */
const RUNGE_KUTTA_STEPS = 3

/**
 * Pseudo numerical methods for diffusion models: linear multistep over the last four model outputs, started by
 * Runge-Kutta steps or, with `skip_prk_steps`, by a first step made twice (n + 1 model calls for n steps).
 * Liu et al. 2022, formulas 9, 12 and 13, Algorithm 2.
 *
 * Options: `skipPrkSteps`, `timestepSpacing`, `setAlphaToOne`.
 */
export class PNDMScheduler extends AlphaScheduler implements Scheduler {
  readonly config: Config<typeof SPEC.defaults>
  /** Timesteps of the Runge-Kutta calls, four a step; they come first. */
  #rungeKutta: number[] = []
  #calls = 0
  #outputs: Tensor[] = []
  /** Runge-Kutta's weighted sum of a step's outputs so far. */
  #sum: Tensor | undefined
  #startSample: Tensor | undefined

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const resolved = resolveConfig(SPEC, config)
    super(withoutCarried(SPEC, resolved))
    this.config = resolved
  }

  /** From a `scheduler_config.json`, or the `config` of another scheduler. @throws UnsupportedModelError naming key and value */
  static fromConfig(config: Readonly<Record<string, unknown>>): PNDMScheduler {
    return new PNDMScheduler(config)
  }

  setTimesteps(numInferenceSteps: number | undefined, custom: CustomSchedule = {}): number[] {
    refuseCustom(SPEC.className, custom, 'timesteps', 'sigmas', 'mu')
    const falling = this.spaced(checkedStepCount(numInferenceSteps, this.config.numTrainTimesteps))
    this.#rungeKutta = this.config.skipPrkSteps ? [] : this.#rungeKuttaTimesteps(falling)
    const multistep = this.config.skipPrkSteps
      ? [...falling.slice(0, 2), ...falling.slice(1)]
      : falling.slice(RUNGE_KUTTA_STEPS)
    this.#calls = 0
    this.#outputs = []
    this.#sum = undefined
    this.timesteps = [...this.#rungeKutta, ...multistep]
    return this.timesteps
  }

  step(modelOutput: Tensor, timestep: number, sample: Tensor): SchedulerStep {
    const stride = this.strideFor(timestep)
    checkNotDone(this.#calls, this.timesteps)
    const prevSample =
      this.#calls < this.#rungeKutta.length
        ? this.#rungeKuttaStep(modelOutput, timestep, sample, stride)
        : this.#multistep(modelOutput, timestep, sample, stride)
    this.#calls++
    return { prevSample }
  }

  #rungeKuttaTimesteps(falling: number[]): number[] {
    if (falling.length <= RUNGE_KUTTA_STEPS)
      throw new InvalidOptionError(
        `PNDMScheduler starts with three Runge-Kutta steps and needs numInferenceSteps of at least 4, got ${falling.length}; "skip_prk_steps" needs 1`,
      )
    const half = Math.floor(this.stride! / 2)
    const halfway = [1, 2, 3].map(i => falling[i] + half)
    return [0, 1, 2].flatMap(i => [falling[i], halfway[i], halfway[i], falling[i + 1]])
  }

  /** Formula 13: weights 1/6, 1/3, 1/3, 1/6. */
  #rungeKuttaStep(output: Tensor, timestep: number, sample: Tensor, stride: number): Tensor {
    const stage = this.#calls % 4
    const previous = timestep - (stage % 2 ? 0 : Math.floor(stride / 2))
    if (stage === 0) {
      this.#outputs.push(output)
      this.#startSample = sample
    }
    const weighted: Term[] = [[stage === 0 || stage === 3 ? 1 / 6 : 1 / 3, output]]
    if (this.#sum) weighted.push([1, this.#sum])
    const sum = weightedSum(...weighted)
    this.#sum = stage === 3 ? undefined : sum
    const start = this.#rungeKutta[this.#calls - stage]
    return this.#transfer(this.#startSample!, start, previous, stage === 3 ? sum : output)
  }

  /** Formula 12, of the order that the outputs so far allow. */
  #multistep(output: Tensor, timestep: number, sample: Tensor, stride: number): Tensor {
    if (this.#calls === 1) {
      const [first] = this.#outputs // the first step made again, with the mean of both ends
      const mean = sumOver(2, [1, output], [1, first])
      return this.#transfer(this.#startSample!, timestep + stride, timestep, mean)
    }
    if (this.#calls === 0) this.#startSample = sample
    this.#outputs = [...this.#outputs.slice(-3), output]
    const weights = MULTISTEP[this.#outputs.length - 1]
    const terms = this.#outputs.toReversed().map((past, i) => [weights[i], past] as const)
    return this.#transfer(sample, timestep, timestep - stride, weightedSum(...terms))
  }

  /** Formula 9. */
  #transfer(sample: Tensor, from: number, to: number, output: Tensor): Tensor {
    const alphaT = this.alphaAt(from)
    const alphaPrev = this.alphaAfter(to)
    const [betaT, betaPrev] = [1 - alphaT, 1 - alphaPrev]
    const { ofSample, ofOutput } = noiseOf(this.config.predictionType, Math.sqrt(alphaT), Math.sqrt(betaT))
    const denominator = alphaT * Math.sqrt(betaPrev) + Math.sqrt(alphaT * betaT * alphaPrev)
    const ofNoise = -(alphaPrev - alphaT) / denominator
    const weight = Math.sqrt(alphaPrev / alphaT) + ofNoise * ofSample
    return weightedSum([weight, sample], [ofNoise * ofOutput, output])
  }
}

/** Weights of the newest output, the one before, …, by how many there are. */
const MULTISTEP = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]]
