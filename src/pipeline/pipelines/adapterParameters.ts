import type { ImageParameters } from '../image/parameters.js'
import type { CLIPTextModel } from '../models/clipTextModel.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'

/** What of a picture's parameters LoRA and textual inversions are; nothing where there were none. */
export function adapterParameters({
  unet,
  textEncoder,
}: {
  unet: UNet2DConditionModel
  textEncoder: CLIPTextModel
}): Pick<ImageParameters, 'lora' | 'textualInversion'> {
  const [ofUNet, ofText] = [unet, textEncoder].map(({ adapters }) => adapters.inEffect())
  const names = [...new Set([...ofUNet.keys(), ...ofText.keys()])]
  const lora = names.map(name => {
    const weights = [ofUNet.get(name), ofText.get(name)].filter(weight => weight !== undefined)
    return `${name} ${[...new Set(weights)].join('/')}`
  })
  const tokens = [...textEncoder.inversions.keys()]
  return {
    ...(lora.length > 0 && { lora: lora.join(', ') }),
    ...(tokens.length > 0 && { textualInversion: tokens.join(', ') }),
  }
}
