import type { WeightShapes } from './checkpoint.js'
import { type ClipTextConfig, clipTextWeightShapes } from './clip.js'
import type { AdaptableLayer } from './loraFile.js'
import { originalUNetName } from './originalNames.js'
import { type UNetConfig, unetWeightShapes } from './unet.js'

/**
 * The layers that a LoRA may change, under every name that a file may give them: those of diffusers (`unet.`, `text_encoder.`) and kohya's
 * (`lora_unet_`, `lora_te_`), in which dots are underscores and the U-Net's may be those of the original layout.
 */
export function adaptableLayers(unet: UNetConfig, textEncoder: ClipTextConfig): Map<string, AdaptableLayer> {
  const names = new Map<string, AdaptableLayer>()
  const flat = (path: string) => path.replaceAll('.', '_')
  for (const [path, shape] of layersOf(unetWeightShapes(unet))) {
    const layer = { part: 'unet', path, shape } as const
    names.set(`unet.${path}`, layer).set(`lora_unet_${flat(path)}`, layer)
    names.set(`lora_unet_${flat(originalUNetName(path, unet))}`, layer)
  }
  for (const [path, shape] of layersOf(clipTextWeightShapes(textEncoder))) {
    const layer = { part: 'text_encoder', path, shape } as const
    for (const prefix of ['text_encoder.', 'text_encoder.text_model.']) names.set(prefix + path, layer)
    for (const prefix of ['lora_te_text_model_', 'lora_te1_text_model_', 'lora_te_'])
      names.set(prefix + flat(path), layer)
  }
  return names
}

/** Linear and convolution layers, by their weights: neither norms nor tables of embeddings. */
function* layersOf(shapes: WeightShapes): Generator<[path: string, shape: readonly number[]]> {
  for (const [key, shape] of shapes)
    if (key.endsWith('.weight') && shape.length >= 2 && !key.startsWith('embeddings.')) yield [key.slice(0, -7), shape]
}
