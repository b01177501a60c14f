import { InvalidOptionError } from '../errors.js'
import { checkedStepCount } from './schedule.js'

/**
 * `count` of the timesteps that a teacher made `originalInferenceSteps` over when the network was distilled from it.
 * Luo et al. 2023, "Latent Consistency Models", section 4.3.
 */
export function distilledTimesteps(
  count: number | undefined,
  {
    originalInferenceSteps: original,
    numTrainTimesteps,
  }: { originalInferenceSteps: number; numTrainTimesteps: number },
): number[] {
  if (original > numTrainTimesteps)
    throw new InvalidOptionError(
      `original_inference_steps must be at most the ${numTrainTimesteps} of the training, got ${original}`,
    )
  if (checkedStepCount(count, numTrainTimesteps) > original)
    throw new InvalidOptionError(
      `numInferenceSteps must be at most the ${original} of original_inference_steps, got ${count}`,
    )
  const stride = Math.floor(numTrainTimesteps / original)
  const skip = original / count!
  return Array.from({ length: count! }, (_, i) => (original - Math.floor(i * skip)) * stride - 1)
}
