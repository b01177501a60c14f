import type { Tensor } from '../tensor.js'
import { splitChannels, sumOver } from './arithmetic.js'

/**
 * What a network predicts, absorbed once: with a sample x = α x₀ + σ ε, the picture x₀ and the noise ε are each
 * (ofSample ⋅ x + ofOutput ⋅ output) / over.
 * @see Salimans & Ho 2022, section 4, for v = α ε − σ x₀; Lipman et al. 2023 for a flow's ε − x₀, where α = 1 − σ
 */
export interface Prediction {
  ofSample: number
  ofOutput: number
  over: number
}

export type PredictionType = 'epsilon' | 'v_prediction' | 'sample' | 'flow_prediction'

export function pictureOf(type: PredictionType, alpha: number, sigma: number): Prediction {
  if (type === 'epsilon') return { ofSample: 1, ofOutput: -sigma, over: alpha }
  if (type === 'v_prediction') return { ofSample: alpha, ofOutput: -sigma, over: 1 }
  if (type === 'flow_prediction') return { ofSample: 1, ofOutput: -sigma, over: 1 }
  return { ofSample: 0, ofOutput: 1, over: 1 }
}

export function noiseOf(type: PredictionType, alpha: number, sigma: number): Prediction {
  if (type === 'epsilon') return { ofSample: 0, ofOutput: 1, over: 1 }
  if (type === 'v_prediction') return { ofSample: sigma, ofOutput: alpha, over: 1 }
  if (type === 'flow_prediction') return { ofSample: 1, ofOutput: alpha, over: 1 }
  return { ofSample: 1, ofOutput: -alpha, over: sigma }
}

/** What is predicted alone, of an output whose second half of channels is a learned variance. */
export function withoutVariance(output: Tensor, sample: Tensor, varianceType: string | null): Tensor {
  const learned = varianceType?.startsWith('learned') && output.dims[1] === 2 * sample.dims[1]
  return learned ? splitChannels(output)[0] : output
}

/** Applies a prediction to a sample and a network's output. */
export function predicted({ ofSample, ofOutput, over }: Prediction, sample: Tensor, output: Tensor): Tensor {
  return sumOver(over, [ofSample, sample], [ofOutput, output])
}
