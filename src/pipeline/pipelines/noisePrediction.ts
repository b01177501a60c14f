import type { CrossAttentionKwargs, UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Device } from '../runtime/engine.js'
import { joinChannels, type Tensor } from '../tensor.js'
import { deepFeatures } from './deepFeatures.js'
import type { Place, Start } from './denoising.js'
import { batchOf, type EncodedPrompt } from './encodePrompt.js'
import { guided } from './guidance.js'
import { isWhole, type Quality } from './quality.js'

export interface Conditioning {
  text: EncodedPrompt
  control?: Start['control']
  /** further channels of the input, [pictures, channels, height/8, width/8] */
  channels?: Tensor | undefined
  /** of a text that is guided; less than 1 counts as 1 */
  guidanceScale: number
  guidanceRescale: number
  quality: Quality
  crossAttentionKwargs?: CrossAttentionKwargs
  device?: Device
  signal?: AbortSignal
}

/** What the network and guidance predict at each step from latents as the scheduler scales them, [pictures, channels, height/8, width/8]. */
export function noisePrediction(
  unet: UNet2DConditionModel,
  {
    text,
    channels,
    control,
    guidanceScale,
    guidanceRescale,
    quality,
    crossAttentionKwargs,
    device,
    signal,
  }: Conditioning,
): (latents: Tensor, place: Place) => Promise<Tensor> {
  const deep = deepFeatures()
  return async (latents, { step, total, timestep }) => {
    const options = { encoderHiddenStates: text.at(step), crossAttentionKwargs, device, signal }
    const deepFeature = quality === 'exact' ? undefined : isWhole(quality, step, total) || deep.at(step)
    const steering = control?.(text, { step, total, timestep })
    const input = channels ? joinChannels(latents, channels) : latents
    const int8 = quality !== 'exact'
    const output = await unet(batchOf(input, text), timestep, { ...options, deepFeature, int8, steering })
    if (output.deepFeature) deep.keep(step, output.deepFeature)
    return text.isGuided
      ? guided(output.sample, text.parts, Math.max(1, guidanceScale), guidanceRescale)
      : output.sample
  }
}
