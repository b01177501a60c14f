import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Device } from '../runtime/engine.js'
import { concat, joinChannels, type Tensor } from '../tensor.js'
import type { Residuals } from './controlNets.js'
import { deepFeatures } from './deepFeatures.js'
import type { Place, Start } from './denoising.js'
import { guided } from './guidance.js'
import { isWhole, type Quality } from './quality.js'

export interface Conditioning {
  /** [pictures, tokens, features]; with guidance [2 × pictures, …], the negative half first */
  text: Tensor
  control?: Start['control']
  /** further channels of the input, [pictures, channels, height/8, width/8] */
  channels?: Tensor | undefined
  /** up to 1 there is none */
  guidanceScale: number
  guidanceRescale: number
  quality: Quality
  device?: Device
  signal?: AbortSignal
}

/** What the network and guidance predict at each step from latents as the scheduler scales them, [pictures, channels, height/8, width/8]. */
export function noisePrediction(
  unet: UNet2DConditionModel,
  { text, channels, control, guidanceScale, guidanceRescale, quality, device, signal }: Conditioning,
): (latents: Tensor, place: Place) => Promise<Tensor> {
  const deep = deepFeatures()
  let residuals: Residuals | undefined
  return async (latents, { step, total, timestep }) => {
    const isGuided = guidanceScale > 1
    const options = { encoderHiddenStates: text, device, signal }
    const deepFeature = quality === 'exact' ? undefined : isWhole(quality, step, total) || deep.at(step)
    // a step of the outermost layer alone takes what ControlNets told last
    if (typeof deepFeature !== 'object') residuals = await control?.(latents, text, { step, total, timestep })
    const input = channels ? joinChannels(latents, channels) : latents
    const output = await unet(isGuided ? concat([input, input]) : input, timestep, {
      ...options,
      deepFeature,
      ...residuals,
    })
    if (output.deepFeature) deep.keep(step, output.deepFeature)
    return isGuided ? guided(output.sample, guidanceScale, guidanceRescale) : output.sample
  }
}
