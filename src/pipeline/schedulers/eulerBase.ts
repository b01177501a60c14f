import type { Tensor } from '../tensor.js'
import { mixedByItem, sumOver } from './arithmetic.js'
import { type PredictionType, pictureOf } from './prediction.js'
import { SigmaScheduler } from './sigmaScheduler.js'
import { type BetaConfig, leadingTimesteps, linspace, trailingTimesteps } from './sigmas.js'

interface EulerConfig extends BetaConfig {
  timestepSpacing: string
  stepsOffset: number
}

/** What Euler's methods share: x = x₀ + σ ε, of which the network sees x / √(σ² + 1). */
export abstract class EulerBase extends SigmaScheduler {
  readonly #eulerConfig: EulerConfig

  constructor(config: EulerConfig) {
    super(config)
    this.#eulerConfig = config
  }

  get initNoiseSigma(): number {
    const max = Math.max(...this.sigmas)
    return this.#eulerConfig.timestepSpacing === 'leading' ? Math.sqrt(max ** 2 + 1) : max
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
    const { timestepSpacing, numTrainTimesteps, stepsOffset } = this.#eulerConfig
    if (timestepSpacing === 'trailing') return trailingTimesteps(numTrainTimesteps, count)
    if (timestepSpacing === 'leading') return leadingTimesteps(numTrainTimesteps, count).map(t => t + stepsOffset)
    return linspace(0, numTrainTimesteps - 1, count)
      .map(Math.fround)
      .reverse()
  }

  /** The picture the network sees in a sample with noise σ. */
  protected denoised(type: PredictionType, sigma: number, sample: Tensor, output: Tensor): Tensor {
    const alpha = 1 / Math.sqrt(sigma ** 2 + 1)
    const { ofSample, ofOutput, over } = pictureOf(type, alpha, sigma * alpha)
    return sumOver(over, [ofSample * alpha, sample], [ofOutput, output])
  }
}
