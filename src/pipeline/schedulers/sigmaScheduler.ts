import { InvalidOptionError } from '../errors.js'
import { snakeCase, unsupported } from './config.js'
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
import { SigmaWalk } from './sigmaWalk.js'

/** A walk over noise levels that the training's betas give. */
export abstract class SigmaScheduler extends SigmaWalk {
  /** ᾱ and σ of every training timestep, rising noise. */
  protected readonly trainingAlphas: Float32Array
  protected readonly trainingSigmas: Float32Array

  constructor(config: BetaConfig) {
    super()
    this.trainingAlphas = withFiniteLastSigma(alphasCumprod(config), config)
    this.trainingSigmas = trainingSigmas(this.trainingAlphas)
    this.timesteps = [...this.trainingAlphas.keys()].reverse()
    this.sigmas = [...this.trainingSigmas.toReversed(), 0]
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

/** A shape makes its own timesteps: none of the caller's go with it. */
export function refuseTimestepsWith(className: string, key: string | undefined, timesteps: unknown): void {
  if (key && timesteps !== undefined)
    throw new InvalidOptionError(`${className} takes no timesteps of one's own with ${snakeCase(key)}`)
}

/** `count` noise levels of the chosen shape between the configured bounds, by default `max` and `min`. */
export function shapedSigmas(config: SigmaShapeConfig, max: number, min: number, count: number): number[] {
  return SHAPES[chosenShape(config)!](config.sigmaMax ?? max, config.sigmaMin ?? min, count)
}

/** σ of each timestep, fractions interpolated. */
export function sigmasAt(timesteps: readonly number[], training: Float32Array): number[] {
  return timesteps.map(timestep => interpolated(training, timestep))
}
