import { UnsupportedModelError } from '../errors.js'
import type { Weights, WeightTensor } from '../weights/safetensors.js'
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
  refuseOthers(weights, file)
  const family = await familyOf(weights, wholeUNet)
  if (family) return family
  throw new UnsupportedModelError(
    `${file}: expected a checkpoint in the original layout of Stable Diffusion 1.x or 2.x, with "${wholeUNet}input_blocks.0.0.weight"; ` +
      `it holds ${shownNames(weights)}`,
  )
}

/**
 * The same of a file of which a U-Net, or a ControlNet, which is a copy of half of one, is read: alone, in either layout, or in a whole checkpoint.
 * @throws UnsupportedModelError  as `originalFamily`
 */
export async function partFamily(
  part: 'a U-Net' | 'a ControlNet',
  weights: Weights,
  file: string,
): Promise<OriginalFamily> {
  refuseOthers(weights, file, part)
  const family =
    (await familyOf(weights, part === 'a U-Net' ? wholeUNet : 'control_model.')) ?? (await familyOf(weights, ''))
  if (family) return family
  throw new UnsupportedModelError(
    `${file}: expected ${part} of Stable Diffusion 1.x or 2.x, in diffusers' layout or the original one; it holds ${shownNames(weights)}`,
  )
}

/** What a file is, by its names: `a checkpoint`, `a LoRA`, …; undefined for what is none of these. */
export function kindOf(weights: Weights): string | undefined {
  return otherIn(weights)?.what ?? (isWhole(weights) ? 'a checkpoint' : undefined)
}

const wholeUNet = 'model.diffusion_model.'

/** Names of the original layout, and of diffusers'. */
const telling = {
  input: ['input_blocks.0.0.weight', 'conv_in.weight'],
  text: [
    'input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight',
    'down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_k.weight',
  ],
  spread: [
    'output_blocks.11.1.transformer_blocks.0.norm1.bias',
    'up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias',
  ],
}

async function familyOf(weights: Weights, prefix: string): Promise<OriginalFamily | undefined> {
  const [input, text, spread] = [telling.input, telling.text, telling.spread].map(names =>
    names.map(name => weights.get(prefix + name)).find(tensor => tensor !== undefined),
  )
  if (!input) return undefined
  const channels = input.shape[1]
  const version = text?.shape.at(-1) === 1024 ? 2 : 1
  return { version, channels, prediction: version === 2 && channels === 4 ? await prediction2(spread) : 'epsilon' }
}

/**
 * The two models of Stable Diffusion 2.x have the same shapes, so diffusers takes every one for that of 768 pixels, which predicts velocity.
 * ComfyUI (comfy/supported_models.py, class SD20) tells them by the spread of one of their weights.
 */
async function prediction2(bias: WeightTensor | undefined): Promise<OriginalFamily['prediction']> {
  if (!bias) return 'v_prediction'
  const [values] = await tensorValues([bias])
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return Math.sqrt(variance) > 0.09 ? 'v_prediction' : 'epsilon'
}

/** @param own what the file is to be */
function refuseOthers(weights: Weights, file: string, own?: string): void {
  const other = otherIn(weights)
  if (other && other.what !== own)
    throw new UnsupportedModelError(`${file} is ${other.what}${other.hint ?? ', which is not run here'}`)
}

function otherIn(weights: Weights): Other | undefined {
  const names = [...weights.keys()]
  return others.find(({ is, isSure }) => (isSure || !isWhole(weights)) && names.some(is))
}

function isWhole(weights: Weights): boolean {
  return weights.has(`${wholeUNet}input_blocks.0.0.weight`)
}

interface Other {
  what: string
  is(name: string): boolean
  hint?: string
  /** also where there is a U-Net in the original layout */
  isSure?: boolean
}

/** What else such a file may be, by one of its names; a ControlNet alone has the names of a U-Net, too. */
const others: Other[] = [
  { what: 'Stable Diffusion XL', is: name => name.startsWith('conditioner.embedders.1.'), isSure: true },
  { what: 'Stable Diffusion 3', is: name => /^(model\.diffusion_model\.)?joint_blocks\.0\./.test(name), isSure: true },
  { what: 'Flux', is: name => /^(model\.diffusion_model\.)?double_blocks\.0\./.test(name), isSure: true },
  {
    what: 'a ControlNet',
    is: name => /^(control_model\.|(controlnet_cond_embedding|input_hint_block)\.)/.test(name),
    hint: ': load it with ControlNetModel.fromSingleFile(path)',
    isSure: true,
  },
  {
    what: 'a LoRA',
    is: name => /(^|[._])(lora|hada|lokr)_/.test(name),
    hint: ': load a model, then pipeline.loadLoraWeights(path)',
  },
  {
    what: 'a textual inversion',
    is: name => ['emb_params', 'clip_l', 'clip_g'].includes(name),
    hint: ': load a model, then pipeline.loadTextualInversion(path)',
  },
  {
    what: 'a U-Net',
    is: name => /^(down_blocks|input_blocks)\.0\./.test(name),
    hint: ' alone: load a model, then pipeline.unet = await UNet2DConditionModel.fromSingleFile(path)',
  },
  {
    what: 'an autoencoder',
    is: name => /^(encoder|decoder)\.conv_in\./.test(name),
    hint: ' alone: load a model, then pipeline.vae = await AutoencoderKL.fromSingleFile(path)',
  },
]

function shownNames(weights: Weights): string {
  const names = [...weights.keys()]
  return `${names.slice(0, 3).join(', ') || 'nothing'}${names.length > 3 ? ', …' : ''}`
}
