import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Device } from '../runtime/engine.js'
import { concat, slice, type Tensor } from '../tensor.js'
import { deepFeatures } from './deepFeatures.js'
import type { Place } from './denoising.js'
import type { EncodedPrompt } from './encodePrompt.js'
import { guided } from './guidance.js'
import { isWhole, type Quality } from './quality.js'

export interface Conditioning {
  text: EncodedPrompt
  /** of a text that is guided; less than 1 counts as 1 */
  guidanceScale: number
  guidanceRescale: number
  quality: Quality
  device?: Device
  signal?: AbortSignal
}

/** What the network and guidance predict at each step from latents as the scheduler scales them, [pictures, channels, height/8, width/8]. */
export function noisePrediction(
  unet: UNet2DConditionModel,
  { text, guidanceScale, guidanceRescale, quality, device, signal }: Conditioning,
): (latents: Tensor, place: Place) => Promise<Tensor> {
  const deep = deepFeatures()
  return async (latents, { step, total, timestep }) => {
    const options = { encoderHiddenStates: text.at(step), device, signal }
    const deepFeature = quality === 'exact' ? undefined : isWhole(quality, step, total) || deep.at(step)
    const output = await unet(batchOf(latents, text), timestep, { ...options, deepFeature })
    if (output.deepFeature) deep.keep(step, output.deepFeature)
    return text.isGuided
      ? guided(output.sample, text.parts, Math.max(1, guidanceScale), guidanceRescale)
      : output.sample
  }
}

/** Each text's picture. */
function batchOf(latents: Tensor, { isGuided, parts }: EncodedPrompt): Tensor {
  if (!isGuided) return latents
  return concat([latents, ...parts.map(({ picture }) => slice(latents, picture, picture + 1))])
}
