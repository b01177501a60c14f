import { snakeCase, unsupported } from './config.js'
import { checkNotDone, checkTimestep } from './schedule.js'
import {
  alphasCumprod,
  type BetaConfig,
  betaSigmas,
  exponentialSigmas,
  interpolated,
  karrasSigmas,
  trainingSigmas,
  withFiniteLastSigma,
} from './sigmas.js'

/** What schedulers share that walk down a list of noise levels, one a timestep and the last one reached. */
export abstract class SigmaScheduler {
  readonly order: number = 1
  timesteps: number[]
  sigmas: number[]
  /** ᾱ and σ of every training timestep, rising noise. */
  protected readonly trainingAlphas: Float32Array
  protected readonly trainingSigmas: Float32Array
  #index: number | undefined

  constructor(config: BetaConfig) {
    this.trainingAlphas = withFiniteLastSigma(alphasCumprod(config), config)
    this.trainingSigmas = trainingSigmas(this.trainingAlphas)
    this.timesteps = [...this.trainingAlphas.keys()].reverse()
    this.sigmas = [...this.trainingSigmas.toReversed(), 0]
  }

  /** σ of a timestep of the schedule, wherever the sampler stands. */
  protected sigmaOf(timestep: number): number {
    return this.sigmas[this.#indexOf(timestep)]
  }

  /** Where the sampler stands; the first timestep it hears of sets it. */
  protected indexFor(timestep: number): number {
    checkTimestep(this.timesteps, timestep)
    this.#index ??= timestep === this.timesteps[0] ? 0 : this.#indexOf(timestep)
    checkNotDone(this.#index, this.timesteps)
    return this.#index
  }

  /** The next step's turn. */
  protected advance(): void {
    this.#index = this.#index! + 1
  }

  /** A new schedule from its start. Timesteps and sigmas are single precision, as torch keeps them. */
  protected start(timesteps: readonly number[], sigmas: readonly number[]): number[] {
    this.timesteps = timesteps.map(Math.fround)
    this.sigmas = sigmas.map(Math.fround)
    this.#index = undefined
    return this.timesteps
  }

  /** Of two steps with one timestep diffusers takes the second, so that a start in the middle skips no σ. */
  #indexOf(timestep: number): number {
    checkTimestep(this.timesteps, timestep)
    const first = this.timesteps.indexOf(timestep)
    const second = this.timesteps.indexOf(timestep, first + 1)
    return second < 0 ? first : second
  }
}

export interface SigmaShapeConfig {
  useKarrasSigmas: boolean
  useExponentialSigmas: boolean
  useBetaSigmas: boolean
  sigmaMin: number | null
  sigmaMax: number | null
}

type Shape = 'useKarrasSigmas' | 'useExponentialSigmas' | 'useBetaSigmas'

const SHAPES: Record<Shape, (max: number, min: number, count: number) => number[]> = {
  useKarrasSigmas: karrasSigmas,
  useExponentialSigmas: exponentialSigmas,
  useBetaSigmas: betaSigmas,
}

/** The option that shapes the noise levels, if one is set. */
export function chosenShape(config: SigmaShapeConfig): Shape | undefined {
  return (Object.keys(SHAPES) as Shape[]).find(shape => config[shape])
}

/** At most one shape may be set. */
export function checkOneShape(className: string, config: SigmaShapeConfig): void {
  const [first, second] = (Object.keys(SHAPES) as Shape[]).filter(shape => config[shape])
  if (second) throw unsupported(className, second, true, `false where "${snakeCase(first)}" is true`)
}

/** `count` noise levels of the chosen shape between the configured bounds, by default `max` and `min`. */
export function shapedSigmas(config: SigmaShapeConfig, max: number, min: number, count: number): number[] {
  return SHAPES[chosenShape(config)!](config.sigmaMax ?? max, config.sigmaMin ?? min, count)
}

/** σ of each timestep, fractions interpolated. */
export function sigmasAt(timesteps: readonly number[], training: Float32Array): number[] {
  return timesteps.map(timestep => interpolated(training, timestep))
}
