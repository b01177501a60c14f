import { type Tensor, tensor } from '../tensor.js'
import { sumOver } from './arithmetic.js'
import { type PredictionType, pictureOf } from './prediction.js'
import type { Scheduler } from './scheduler.js'

/**
 * The latents without the noise that the network sees in them, whichever way the scheduler mixes noise in: what the
 * finished ones are taken to be at this timestep.
 * @param output what the network answered, guided
 */
export function denoised(scheduler: Scheduler, output: Tensor, timestep: number, sample: Tensor): Tensor {
  const [unit, none] = [tensor([1], [1]), tensor([0], [1])]
  const [alpha] = scheduler.addNoise(unit, none, [timestep]).data
  const [sigma] = scheduler.addNoise(none, unit, [timestep]).data
  // the network sees unit variance: α² + σ² = 1
  const scale = Math.hypot(alpha, sigma)
  const type = (scheduler.config.predictionType ?? 'epsilon') as PredictionType
  const { ofSample, ofOutput, over } = pictureOf(type, alpha / scale, sigma / scale)
  return sumOver(over, [ofSample / scale, sample], [ofOutput, output])
}
