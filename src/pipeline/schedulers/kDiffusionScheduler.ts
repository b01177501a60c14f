import type { Tensor } from '../tensor.js'
import { mixedByItem, sumOver } from './arithmetic.js'
import { type PredictionType, pictureOf } from './prediction.js'
import type { Scheduler } from './scheduler.js'
import { chosenShape, SigmaScheduler, type SigmaShapeConfig, shapedSigmas, sigmasAt } from './sigmaScheduler.js'
import { type BetaConfig, leadingTimesteps, linspace, roundHalfEven, timestepOf, trailingTimesteps } from './sigmas.js'

interface KDiffusionConfig extends BetaConfig {
  timestepSpacing: string
  stepsOffset: number
}

/** What k-diffusion's samplers share: x = x₀ + σ ε, of which the network sees x / √(σ² + 1). */
export abstract class KDiffusionScheduler
  extends SigmaScheduler
  implements Pick<Scheduler, 'initNoiseSigma' | 'scaleModelInput' | 'addNoise'>
{
  readonly #config: KDiffusionConfig

  constructor(config: KDiffusionConfig) {
    super(config)
    this.#config = config
  }

  get initNoiseSigma(): number {
    const max = Math.max(...this.sigmas)
    return this.#config.timestepSpacing === 'leading' ? Math.sqrt(max ** 2 + 1) : max
  }

  scaleModelInput(sample: Tensor, timestep: number): Tensor {
    const sigma = this.sigmas[this.indexFor(timestep)]
    return sumOver(Math.sqrt(sigma ** 2 + 1), [1, sample])
  }

  addNoise(original: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor {
    return mixedByItem(
      original,
      noise,
      timesteps.map(timestep => [1, this.sigmaOf(timestep)]),
    )
  }

  /** `count` falling timesteps, fractions where the spacing is linear. */
  protected spaced(count: number): number[] {
    const { timestepSpacing, numTrainTimesteps, stepsOffset } = this.#config
    if (timestepSpacing === 'trailing') return trailingTimesteps(numTrainTimesteps, count)
    if (timestepSpacing === 'leading') return leadingTimesteps(numTrainTimesteps, count).map(t => t + stepsOffset)
    return linspace(0, numTrainTimesteps - 1, count)
      .map(Math.fround)
      .reverse()
  }

  /** The timesteps asked for, and the noise level of each without the last one reached. */
  protected levels(count: number, shapes: SigmaShapeConfig, own?: readonly number[]) {
    const timesteps = own ? own.map(Math.fround) : this.spaced(count)
    const sigmas = sigmasAt(timesteps, this.trainingSigmas)
    return chosenShape(shapes) ? this.shaped(shapes, sigmas, count) : { timesteps, sigmas }
  }

  /** The same with Karras's timesteps rounded. */
  protected wholeLevels(count: number, shapes: SigmaShapeConfig) {
    const { timesteps, sigmas } = this.levels(count, shapes)
    return { sigmas, timesteps: shapes.useKarrasSigmas ? timesteps.map(roundHalfEven) : timesteps }
  }

  /** `count` levels of the chosen shape, by default between the first and the last of those given. */
  protected shaped(shapes: SigmaShapeConfig, sigmas: readonly number[], count: number) {
    return this.withTimesteps(shapedSigmas(shapes, sigmas[0], sigmas[sigmas.length - 1], count))
  }

  /** The timestep, mostly a fraction, of each noise level. */
  protected withTimesteps(sigmas: readonly number[]) {
    const logSigmas = this.trainingSigmas.map(Math.log)
    return { sigmas: [...sigmas], timesteps: sigmas.map(sigma => timestepOf(sigma, logSigmas)) }
  }

  /** The picture the network sees in a sample with noise σ. */
  protected denoised(type: PredictionType, sigma: number, sample: Tensor, output: Tensor): Tensor {
    const alpha = 1 / Math.sqrt(sigma ** 2 + 1)
    const { ofSample, ofOutput, over } = pictureOf(type, alpha, sigma * alpha)
    return sumOver(over, [ofSample * alpha, sample], [ofOutput, output])
  }
}
