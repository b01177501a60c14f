import type { Tensor } from '../tensor.js'
import { sumOver } from './arithmetic.js'

/**
 * What a network predicts, absorbed once: with a sample x = α x₀ + σ ε, the picture x₀ and the noise ε are each
 * (ofSample ⋅ x + ofOutput ⋅ output) / over.
 * @see Salimans & Ho 2022, section 4, for v = α ε − σ x₀
 */
export interface Prediction {
  ofSample: number
  ofOutput: number
  over: number
}

export type PredictionType = 'epsilon' | 'v_prediction' | 'sample'

export function pictureOf(type: PredictionType, alpha: number, sigma: number): Prediction {
  if (type === 'epsilon') return { ofSample: 1, ofOutput: -sigma, over: alpha }
  if (type === 'v_prediction') return { ofSample: alpha, ofOutput: -sigma, over: 1 }
  return { ofSample: 0, ofOutput: 1, over: 1 }
}

export function noiseOf(type: PredictionType, alpha: number, sigma: number): Prediction {
  if (type === 'epsilon') return { ofSample: 0, ofOutput: 1, over: 1 }
  if (type === 'v_prediction') return { ofSample: sigma, ofOutput: alpha, over: 1 }
  return { ofSample: 1, ofOutput: -alpha, over: sigma }
}

/** Applies a prediction to a sample and a network's output. */
export function predicted({ ofSample, ofOutput, over }: Prediction, sample: Tensor, output: Tensor): Tensor {
  return sumOver(over, [ofSample, sample], [ofOutput, output])
}
