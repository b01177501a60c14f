import type { ControlNetModel } from '../models/controlNetModel.js'
import { residualShapes } from '../models/unet.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import { concat, elementCount, slice, type Tensor, tensor } from '../tensor.js'
import type { Call } from './callOptions.js'
import type { Place } from './denoising.js'
import { batchOf, type EncodedPrompt } from './encodePrompt.js'

/** A ControlNet, what it is shown, and when it has how much of a say. */
export interface Control {
  controlnet: ControlNetModel
  /** [pictures, 3, height, width], 0…1 */
  picture: Tensor
  scale: number
  /** shares of the steps, 0…1 */
  start: number
  end: number
}

/** What the U-Net is to add to its skip connections and its middle. */
export interface Residuals {
  downBlockAdditionalResiduals: Tensor[]
  midBlockAdditionalResidual: Tensor
}

/**
 * What ControlNets tell at each step. One that has no say then is not run; while none has one, zeros are added, so that the U-Net
 * keeps its graph.
 * @param guessMode with guidance they look at the conditional half alone, and the other half gets zeros
 * @see Zhang et al. 2023, section 3; diffusers `StableDiffusionControlNetPipeline`
 */
export function controlNets(
  unet: UNet2DConditionModel,
  controls: readonly Control[],
  guessMode: boolean,
  { signal, device }: Call,
): (latents: Tensor, text: EncodedPrompt, place: Place) => Promise<Residuals> {
  return async (latents, text, { step, total, timestep }) => {
    const [batch, , height, width] = latents.dims
    const isHalf = text.isGuided && guessMode
    const seen = (given: Tensor) => batchOf(given, isHalf ? { ...text, isGuided: false } : text)
    const states = text.at(step)
    const texts = states.dims[0]
    const encoderHiddenStates = isHalf ? slice(states, batch, texts) : states
    let sum: Tensor[] | undefined
    for (const { controlnet, picture, scale, start, end } of controls) {
      if (step / total < start || (step + 1) / total > end) continue
      const options = { encoderHiddenStates, controlnetCond: seen(picture), conditioningScale: scale, guessMode }
      const told = await controlnet(seen(latents), timestep, { ...options, signal, device })
      const residuals = [...told.downBlockResSamples, told.midBlockResSample]
      sum = sum ? sum.map((value, i) => added(value, residuals[i])) : residuals
    }
    const shapes = residualShapes(unet.config, { batch: texts, height, width })
    const all = sum ? (isHalf ? sum.map(told => withZeros(told, batch)) : sum) : shapes.map(zeros)
    return { downBlockAdditionalResiduals: all.slice(0, -1), midBlockAdditionalResidual: all[all.length - 1] }
  }
}

const zeros = (dims: number[]): Tensor => tensor(new Float32Array(elementCount(dims)), dims)

/** For the unconditional half. */
const withZeros = (conditional: Tensor, pictures: number): Tensor =>
  concat([zeros([pictures, ...conditional.dims.slice(1)]), conditional])

function added(a: Tensor, b: Tensor): Tensor {
  return tensor(
    a.data.map((value, i) => value + b.data[i]),
    a.dims,
  )
}
