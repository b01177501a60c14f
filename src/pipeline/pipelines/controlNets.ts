import type { ControlNetModel } from '../models/controlNetModel.js'
import { steering, type UNetSteering } from '../models/steering.js'
import type { Tensor } from '../tensor.js'
import type { Place } from './denoising.js'
import type { EncodedPrompt } from './encodePrompt.js'

/** A ControlNet, what it is shown, and when it has how much of a say. */
export interface Control {
  controlnet: ControlNetModel
  /** [1 or prompts, 3, height, width], 0…1 */
  picture: Tensor
  scale: number
  /** shares of the steps, 0…1 */
  start: number
  end: number
}

/**
 * What ControlNets have to say at each step; undefined where none has a say.
 * @param guessMode with guidance they look at the conditional half alone
 * @param batch pictures in all
 * @see Zhang et al. 2023, section 3; diffusers `StableDiffusionControlNetPipeline`
 */
export function controlNets(
  controls: readonly Control[],
  guessMode: boolean,
  batch: number,
): (text: EncodedPrompt, place: Place) => UNetSteering | undefined {
  return ({ isGuided, parts }, { step, total }) => {
    const isOn = ({ start, end }: Control) => step / total >= start && (step + 1) / total <= end
    if (!controls.some(isOn)) return undefined
    const skipped = isGuided && guessMode ? batch : 0
    const negative = isGuided && !guessMode ? Array.from({ length: batch }, (_, picture) => picture) : []
    const pictures = [...negative, ...parts.map(({ picture }) => picture)]
    const says = controls.map(control => {
      const { controlnet, picture, scale } = control
      const rows = pictures.map(index => Math.floor((index * picture.dims[0]) / batch))
      return { controlnet, picture, rows, scale: isOn(control) ? scale : 0, guessMode }
    })
    return steering(says, skipped)
  }
}
