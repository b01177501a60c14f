import { InvalidOptionError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { mixedByItem } from './arithmetic.js'
import { checkedStepCount, checkTimestep } from './schedule.js'
import type { Scheduler } from './scheduler.js'
import {
  alphasCumprod,
  type BetaConfig,
  leadingTimesteps,
  linspace,
  roundHalfEven,
  trailingTimesteps,
} from './sigmas.js'

interface AlphaConfig extends BetaConfig {
  setAlphaToOne?: boolean
  timestepSpacing: string
  stepsOffset: number
}

/** What schedulers share whose timesteps are whole training timesteps, each with its ᾱ: x = √ᾱ x₀ + √(1 − ᾱ) ε. */
export abstract class AlphaScheduler
  implements Pick<Scheduler, 'order' | 'initNoiseSigma' | 'timesteps' | 'scaleModelInput' | 'addNoise'>
{
  readonly order = 1
  readonly initNoiseSigma = 1
  timesteps: number[] = []
  /** Training timesteps between two updates of an even schedule. */
  protected stride: number | undefined
  readonly #alphas: Float32Array
  readonly #alphaConfig: AlphaConfig

  constructor(config: AlphaConfig) {
    this.#alphas = alphasCumprod(config)
    this.#alphaConfig = config
  }

  scaleModelInput(sample: Tensor, _timestep?: number): Tensor {
    return sample
  }

  addNoise(original: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor {
    const weights = timesteps.map(timestep => {
      const alpha = this.alphaAt(timestep)
      return [Math.sqrt(alpha), Math.sqrt(1 - alpha)] as const
    })
    return mixedByItem(original, noise, weights)
  }

  /** ᾱ at a training timestep. */
  protected alphaAt(timestep: number): number {
    const alpha = this.#alphas[timestep]
    if (alpha === undefined)
      throw new InvalidOptionError(
        `timestep must be a whole number from 0 to ${this.#alphas.length - 1}, got ${timestep}: fewer steps or a smaller steps_offset reach less far`,
      )
    return alpha
  }

  /** ᾱ where a step ends; below timestep 0 that of a finished picture. */
  protected alphaAfter(timestep: number): number {
    if (timestep >= 0) return this.alphaAt(timestep)
    return this.#alphaConfig.setAlphaToOne ? 1 : this.#alphas[0]
  }

  /** `count` falling training timesteps; sets the stride. */
  protected spaced(count: number): number[] {
    const { timestepSpacing, numTrainTimesteps, stepsOffset } = this.#alphaConfig
    this.stride = Math.floor(numTrainTimesteps / count)
    const timesteps =
      timestepSpacing === 'linspace'
        ? linspace(0, numTrainTimesteps - 1, count)
            .map(roundHalfEven)
            .reverse()
        : timestepSpacing === 'trailing'
          ? trailingTimesteps(numTrainTimesteps, count)
          : leadingTimesteps(numTrainTimesteps, count).map(timestep => timestep + stepsOffset)
    this.alphaAt(timesteps[0])
    return timesteps
  }

  /** A falling schedule of the caller's own, whole timesteps of the training. */
  protected ownTimesteps(given: readonly number[]): number[] {
    const timesteps = given.map(Math.trunc)
    checkedStepCount(timesteps.length)
    for (const timestep of timesteps) this.alphaAt(timestep)
    if (timesteps.some((timestep, i) => timestep >= timesteps[i - 1]))
      throw new InvalidOptionError(`timesteps must fall, got ${timesteps.join(', ')}`)
    return timesteps
  }

  /** Where in the schedule a timestep stands, once a step may be made. */
  protected indexOf(timestep: number): number {
    if (this.timesteps.length === 0) throw new InvalidOptionError('call setTimesteps before step')
    checkTimestep(this.timesteps, timestep)
    return this.timesteps.indexOf(timestep)
  }

  /** The stride, once a step may be made. */
  protected strideFor(timestep: number): number {
    this.indexOf(timestep)
    return this.stride!
  }
}
