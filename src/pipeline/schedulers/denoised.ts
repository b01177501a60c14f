import { type Tensor, tensor } from '../tensor.js'
import { sumOver } from './arithmetic.js'
import { FlowMatchEulerDiscreteScheduler } from './flowMatchEulerDiscrete.js'
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
  const type =
    scheduler instanceof FlowMatchEulerDiscreteScheduler
      ? 'flow_prediction'
      : ((scheduler.config.predictionType ?? 'epsilon') as PredictionType)
  // a flow's network sees the sample as it is, others see unit variance: α² + σ² = 1
  const scale = type === 'flow_prediction' ? 1 : Math.hypot(alpha, sigma)
  const { ofSample, ofOutput, over } = pictureOf(type, alpha / scale, sigma / scale)
  return sumOver(over, [ofSample / scale, sample], [ofOutput, output])
}
