import type { Tensor } from '../tensor.js'
import { mixedByItem, thresholded } from './arithmetic.js'
import { unsupported } from './config.js'
import { flowSigmas, shiftOf } from './flowSigmas.js'
import { noiseOf, type PredictionType, pictureOf, predicted } from './prediction.js'
import type { Scheduler } from './scheduler.js'
import { checkOneShape, chosenShape, SigmaScheduler, type SigmaShapeConfig, shapedSigmas } from './sigmaScheduler.js'
import { type BetaConfig, leadingTimesteps, linspace, roundHalfEven, timestepOf, trailingTimesteps } from './sigmas.js'

export interface IntegratorConfig extends BetaConfig, SigmaShapeConfig {
  predictionType: PredictionType
  thresholding: boolean
  dynamicThresholdingRatio: number
  sampleMaxValue: number
  useFlowSigmas: boolean
  flowShift: number
  useDynamicShifting: boolean
  timeShiftType: string
}

/** α and σ of a sample α x₀ + σ ε. */
export interface Level {
  alpha: number
  sigma: number
}

/**
 * What the solvers share that integrate the linear part of the equation exactly and step in λ = log(α / σ): DPM-Solver,
 * DEIS and UniPC. Samples are α x₀ + σ ε with the noise level σ / α, or for a flow σ itself, where α = 1 − σ.
 */
export abstract class ExponentialIntegrator
  extends SigmaScheduler
  implements Pick<Scheduler, 'initNoiseSigma' | 'scaleModelInput' | 'addNoise'>
{
  readonly initNoiseSigma = 1
  readonly #config: IntegratorConfig

  constructor(config: IntegratorConfig) {
    super(config)
    this.#config = config
  }

  scaleModelInput(sample: Tensor, _timestep?: number): Tensor {
    return sample
  }

  addNoise(original: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor {
    return mixedByItem(
      original,
      noise,
      timesteps.map(timestep => {
        const { alpha, sigma } = this.level(this.sigmaOf(timestep))
        return [alpha, sigma]
      }),
    )
  }

  protected level(sigma: number): Level {
    if (this.#config.useFlowSigmas) return { alpha: fround(1 - sigma), sigma }
    const alpha = fround(1 / fround(Math.sqrt(fround(fround(sigma * sigma) + 1))))
    return { alpha, sigma: fround(sigma * alpha) }
  }

  /** Where a step to `sigmas[end]` ends, where it begins, and where the outputs before were made: `count` in all. */
  protected levelsFrom(end: number, count: number): Level[] {
    return Array.from({ length: count }, (_, i) => this.level(this.sigmas[end - i]))
  }

  /** The picture the network sees at a step, thresholded where the config says so. */
  protected pictureAt(index: number, output: Tensor, sample: Tensor): Tensor {
    const { predictionType, thresholding, dynamicThresholdingRatio, sampleMaxValue } = this.#config
    const { alpha, sigma } = this.level(this.sigmas[index])
    // a flow's σ is the level itself, also where diffusers lets it stand beside the betas' levels
    const picture = pictureOf(predictionType, alpha, predictionType === 'flow_prediction' ? this.sigmas[index] : sigma)
    const x0 = predicted(picture, sample, output)
    return thresholding ? thresholded(x0, dynamicThresholdingRatio, sampleMaxValue) : x0
  }

  /** The noise the network sees at a step. */
  protected noiseAt(index: number, output: Tensor, sample: Tensor): Tensor {
    const { alpha, sigma } = this.level(this.sigmas[index])
    return predicted(noiseOf(this.#config.predictionType, alpha, sigma), sample, output)
  }

  /** The noise beside a picture. */
  protected noiseBeside(x0: Tensor, index: number, sample: Tensor): Tensor {
    const { alpha, sigma } = this.level(this.sigmas[index])
    return predicted(noiseOf('sample', alpha, sigma), sample, x0)
  }

  /** `count` falling timesteps below `last`. */
  protected spaced(count: number, spacing: string, offset: number, last = this.#config.numTrainTimesteps): number[] {
    const { numTrainTimesteps } = this.#config
    if (spacing === 'trailing') return trailingTimesteps(numTrainTimesteps, count, last)
    const spaced =
      spacing === 'leading'
        ? leadingTimesteps(last, count + 1).map(timestep => timestep + offset)
        : linspace(0, last - 1, count + 1)
            .map(roundHalfEven)
            .reverse()
    return spaced.slice(0, -1)
  }

  /** How many training timesteps have a λ of at least `lambdaMin`. */
  protected timestepsAbove(lambdaMin: number): number {
    return this.trainingAlphas.findLastIndex(alpha => logSnrHalf(alpha) >= lambdaMin) + 1
  }

  /**
   * Levels and timesteps of the shape or the flow that the config asks for, if any.
   * @param mu how far a flow's levels are shifted, with `use_dynamic_shifting`
   */
  protected chosenLevels(className: string, count: number, mu: number | undefined, roundsKarras = true) {
    const { useKarrasSigmas, useFlowSigmas, flowShift, numTrainTimesteps } = this.#config
    const shift = shiftOf(className, this.#config, flowShift, mu)
    if (chosenShape(this.#config)) {
      const { sigmas, timesteps } = this.shaped(count)
      return { sigmas, timesteps: useKarrasSigmas && roundsKarras ? timesteps.map(roundHalfEven) : timesteps }
    }
    if (!useFlowSigmas) return undefined
    const sigmas = flowSigmas(count, shift, numTrainTimesteps)
    return { sigmas, timesteps: sigmas.map(sigma => sigma * numTrainTimesteps) }
  }

  /** `count` levels of the chosen shape between the training's bounds, or the levels given; their timesteps exact. */
  protected shaped(count: number, sigmas?: readonly number[]) {
    const training = this.trainingSigmas
    const levels = sigmas ?? shapedSigmas(this.#config, training[training.length - 1], training[0], count)
    const logSigmas = training.map(Math.log)
    return { sigmas: levels, timesteps: levels.map(sigma => timestepOf(sigma, logSigmas)) }
  }
}

/** The last two steps of fewer than 15 are of lower order where the config says so, which steadies them. */
export function multistepOrder(
  index: number,
  { length }: readonly number[],
  { lowerOrderFinal, solverOrder }: { lowerOrderFinal: boolean; solverOrder: number },
): number {
  const few = lowerOrderFinal && length < 15
  return few ? Math.min(length - index, solverOrder) : solverOrder
}

/** At most one shape, and none over a flow's levels, which end at 1. */
export function checkShapes(className: string, config: IntegratorConfig, ...allowed: string[]): void {
  checkOneShape(className, config)
  const shape = chosenShape(config)
  if (config.useFlowSigmas && shape && !allowed.includes(shape))
    throw unsupported(className, shape, true, 'false where "use_flow_sigmas" is true')
}

/** λ = log(√ᾱ / √(1 − ᾱ)). */
function logSnrHalf(alpha: number): number {
  return fround(fround(Math.log(fround(Math.sqrt(alpha)))) - fround(Math.log(fround(Math.sqrt(fround(1 - alpha))))))
}

const { fround } = Math
