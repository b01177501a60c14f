import { UnsupportedModelError } from '../errors.js'
import type { Weights } from '../weights/safetensors.js'
import { tensorValues } from '../weights/tensorValues.js'

/** Which models of the original repositories are run here; `channels` of the U-Net's input: 9 for inpainting. */
export interface OriginalFamily {
  version: 1 | 2
  channels: number
  prediction: 'epsilon' | 'v_prediction'
}

/**
 * Told by names and shapes, as diffusers `infer_diffusers_model_type` does.
 * @throws UnsupportedModelError  saying what the file is instead, where its names tell it
 */
export async function originalFamily(weights: Weights, file: string): Promise<OriginalFamily> {
  const names = [...weights.keys()]
  const input = weights.get(unet('input_blocks.0.0.weight'))
  const textWidth = weights.get(unet('input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight'))?.shape.at(-1)
  const other = others.find(([, isOther]) => names.some(isOther))
  if (other && !(other[2] && input))
    throw new UnsupportedModelError(`${file} is ${other[0]}${other[2] ?? ', which is not run here'}`)
  if (!input)
    throw new UnsupportedModelError(
      `${file}: expected a checkpoint in the original layout of Stable Diffusion 1.x or 2.x, with "${unet('input_blocks.0.0.weight')}"; ` +
        `it holds ${names.slice(0, 3).join(', ') || 'nothing'}${names.length > 3 ? ', …' : ''}`,
    )
  const channels = input.shape[1]
  const version = textWidth === 1024 ? 2 : 1
  return { version, channels, prediction: version === 2 && channels === 4 ? await prediction2(weights) : 'epsilon' }
}

/**
 * The two models of Stable Diffusion 2.x have the same shapes, so diffusers takes every one for that of 768 pixels, which predicts velocity.
 * ComfyUI (comfy/supported_models.py, class SD20) tells them by the spread of one of their weights.
 */
async function prediction2(weights: Weights): Promise<OriginalFamily['prediction']> {
  const bias = weights.get(unet('output_blocks.11.1.transformer_blocks.0.norm1.bias'))
  if (!bias) return 'v_prediction'
  const [values] = await tensorValues([bias])
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return Math.sqrt(variance) > 0.09 ? 'v_prediction' : 'epsilon'
}

const unet = (name: string) => `model.diffusion_model.${name}`

/** What else such a file may be, by one of its names; with a hint, only where there is no U-Net in the original layout. */
const others: [what: string, isOther: (name: string) => boolean, hint?: string][] = [
  ['Stable Diffusion XL', name => name.startsWith('conditioner.embedders.1.')],
  ['Stable Diffusion 3', name => /^(model\.diffusion_model\.)?joint_blocks\.0\./.test(name)],
  ['Flux', name => /^(model\.diffusion_model\.)?double_blocks\.0\./.test(name)],
  ['a ControlNet', name => name.startsWith('control_model.') || name.startsWith('controlnet_cond_embedding.')],
  ['a LoRA', name => /(^|[._])(lora|hada|lokr)_/.test(name), ': load a model, then pipeline.loadLoraWeights(path)'],
  [
    'a textual inversion',
    name => ['emb_params', 'clip_l', 'clip_g'].includes(name),
    ': load a model, then pipeline.loadTextualInversion(path)',
  ],
  [
    'a U-Net in diffusers layout',
    name => name.startsWith('down_blocks.0.'),
    ': put it into the unet folder of a model in diffusers layout and call fromPretrained',
  ],
  [
    'an autoencoder alone',
    name => /^(encoder|decoder)\.conv_in\./.test(name),
    ': expected a whole model, with a U-Net and a text encoder',
  ],
]
