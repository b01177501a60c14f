import type { CrossAttentionKwargs, UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Device } from '../runtime/engine.js'
import { concat, type Tensor } from '../tensor.js'
import { deepFeatures } from './deepFeatures.js'
import type { Place } from './denoising.js'
import { guided } from './guidance.js'
import { isWhole, type Quality } from './quality.js'

export interface Conditioning {
  /** [pictures, tokens, features]; with guidance [2 × pictures, …], the negative half first */
  text: Tensor
  /** up to 1 there is none */
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
  { text, guidanceScale, guidanceRescale, quality, crossAttentionKwargs, device, signal }: Conditioning,
): (latents: Tensor, place: Place) => Promise<Tensor> {
  const deep = deepFeatures()
  return async (latents, { step, total, timestep }) => {
    const isGuided = guidanceScale > 1
    const options = { encoderHiddenStates: text, crossAttentionKwargs, device, signal }
    const deepFeature = quality === 'exact' ? undefined : isWhole(quality, step, total) || deep.at(step)
    const output = await unet(isGuided ? concat([latents, latents]) : latents, timestep, { ...options, deepFeature })
    if (output.deepFeature) deep.keep(step, output.deepFeature)
    return isGuided ? guided(output.sample, guidanceScale, guidanceRescale) : output.sample
  }
}
