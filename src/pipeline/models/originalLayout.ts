import { CorruptWeightsError } from '../errors.js'
import type { Weights, WeightTensor } from '../weights/safetensors.js'
import type { WeightShapes } from './checkpoint.js'
import { type ClipTextConfig, clipTextWeightShapes } from './clip.js'
import { openClipName, originalUNetName, originalVaeName } from './originalNames.js'
import { type UNetConfig, unetWeightShapes } from './unet.js'
import { type VaeConfig, vaeWeightShapes } from './vae.js'

/**
 * The weights of the parts of a checkpoint in the original layout, under the names of diffusers and transformers. Still byte ranges of the same
 * file: a third of a fused projection is a third of its rows, a 1×1 convolution is a matrix.
 * Each is undefined where the file holds none of that part.
 * @throws CorruptWeightsError  naming, as the file does, the tensor that is missing, unasked for, or of another shape
 */
export interface OriginalLayout {
  unet(config: UNetConfig): Weights | undefined
  vae(config: VaeConfig): Weights | undefined
  textEncoder(config: ClipTextConfig): Weights | undefined
}

/** @throws CorruptWeightsError for a tensor that is of no part */
export function originalLayout(weights: Weights, file: string): OriginalLayout {
  const parts = { unet: ['model.diffusion_model.'], vae: ['first_stage_model.', 'vae.'], text: textPrefixes }
  const prefixes = Object.values(parts).flat()
  for (const name of weights.keys())
    if (!isNoWeight(name) && !prefixes.some(prefix => name.startsWith(prefix))) throw unasked(file, name)

  function part(
    prefixes: readonly string[],
    expected: WeightShapes,
    nameOf: (prefix: string) => (key: string) => Name,
  ): Weights | undefined {
    const prefix = prefixes.find(prefix =>
      [...weights.keys()].some(name => name.startsWith(prefix) && !isNoWeight(name)),
    )
    return prefix === undefined ? undefined : renamedWeights(weights, file, prefix, expected, nameOf(prefix))
  }

  return {
    unet: config => part(parts.unet, unetWeightShapes(config), () => key => ({ name: originalUNetName(key, config) })),
    vae: config => part(parts.vae, vaeWeightShapes(config), () => key => ({ name: originalVaeName(key, config) })),
    textEncoder: config =>
      part(parts.text, clipTextWeightShapes(config), prefix =>
        prefix.endsWith('.model.') ? openClipName : name => ({ name }),
      ),
  }
}

/**
 * Of the tensors whose names begin with `prefix`, those that are expected, by the keys that they are expected under.
 * @param nameOf key → the rest of the name in the file
 * @throws as `originalLayout`
 */
export function renamedWeights(
  weights: Weights,
  file: string,
  prefix: string,
  expected: WeightShapes,
  nameOf: (key: string) => Name,
): Weights {
  const result: Weights = new Map()
  const taken = new Set<string>()
  for (const [key, shape] of expected) {
    const { name, third } = nameOf(key)
    const full = prefix + name
    const tensor = weights.get(full)
    if (!tensor) throw new CorruptWeightsError(`${file}: expected "${full}" of shape [${shape.join(', ')}], found none`)
    const view = reshaped(third === undefined ? tensor : thirdOf(tensor, third), shape)
    if (!view)
      throw new CorruptWeightsError(
        `${file}: expected "${full}" to be ${third === undefined ? '' : 'three times '}[${shape.join(', ')}], got [${tensor.shape.join(', ')}]`,
      )
    result.set(key, view)
    taken.add(full)
  }
  for (const name of weights.keys())
    if (name.startsWith(prefix) && !taken.has(name) && !isNoWeight(name)) throw unasked(file, name)
  return result
}

type Name = ReturnType<typeof openClipName>

/** OpenCLIP's end in `.model.`; without `text_model.` in files of early trainers. */
const textPrefixes = [
  'cond_stage_model.model.',
  'conditioner.embedders.0.model.',
  'cond_stage_model.transformer.text_model.',
  'cond_stage_model.transformer.',
]

/** Schedules, averages of training, counters and what a part computes anew; and of OpenCLIP the last layer, which Stable Diffusion 2 leaves out. */
function isNoWeight(name: string): boolean {
  return noWeights.some(pattern => pattern.test(name))
}

const noWeights = [
  /^(first_stage_model\.)?(model_ema|loss)\./,
  /^(model\.)?(betas|alphas_cumprod(_prev)?|sqrt_(one_minus_|recip_|recipm1_)?alphas_cumprod|log_one_minus_alphas_cumprod)$/,
  /^(posterior_(variance|log_variance_clipped|mean_coef[12])|lvlb_weights|logvar|global_step|epoch|scale_factor|v_pred|ztsnr)$/,
  /^embedding_manager\./,
  /^cond_stage_model\.(\w+\.)*logit_scale$/,
  /\.embeddings\.position_ids$/,
  /^cond_stage_model\.transformer\.text_projection\.weight$/,
  /^(cond_stage_model|conditioner\.embedders\.0)\.model\.(transformer\.resblocks\.23\.|text_projection$|attn_mask$|logit_scale$)/,
]

function unasked(file: string, name: string): CorruptWeightsError {
  return new CorruptWeightsError(
    `${file}: no part of the model takes "${name}": it belongs to another model, or its configuration does (see \`config\`)`,
  )
}

function thirdOf(tensor: WeightTensor, third: number): WeightTensor {
  const { shape, offset, length } = tensor
  return {
    ...tensor,
    shape: [shape[0] / 3, ...shape.slice(1)],
    offset: offset + (third * length) / 3,
    length: length / 3,
  }
}

/** The same numbers in another shape, where the two differ by dimensions of 1 alone. */
function reshaped(tensor: WeightTensor, shape: readonly number[]): WeightTensor | undefined {
  const significant = (dims: readonly number[]) => dims.filter(dim => dim !== 1).join()
  return significant(tensor.shape) === significant(shape) ? { ...tensor, shape: [...shape] } : undefined
}
