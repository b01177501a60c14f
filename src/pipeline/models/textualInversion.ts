import { basename, extname } from 'node:path'
import { CorruptWeightsError, UnsupportedModelError } from '../errors.js'
import { isPickle } from '../weights/component.js'
import { readSafetensors, type WeightTensor } from '../weights/safetensors.js'
import { readTorchFile, type TorchValue } from '../weights/torchFile.js'

/** A token and its vectors, [rows, width], where they lie in a file. */
export interface TextualInversion {
  /** undefined where the file tells none: a tensor by itself */
  token: string | undefined
  vectors: WeightTensor
}

/**
 * A textual inversion as diffusers saves it (token → tensor), as Automatic1111's web UI does (`string_to_param`, or `emb_params` in a .safetensors,
 * whose token is the file's name), or a tensor by itself. A pickle is read for its tensors alone; nothing in it runs.
 * @param width of the text encoder, its hidden_size
 * @throws UnsupportedModelError for a width of another model, or a pickle that names more than tensors; CorruptWeightsError
 * @see Gal et al. 2022
 */
export async function readTextualInversion(file: string, width: number): Promise<TextualInversion> {
  const { token, vectors } = isPickle(file)
    ? fromTorch(file, await readTorchFile(file))
    : fromTensors(file, await readSafetensors(file))
  const shape = vectors.shape.length === 1 ? [1, ...vectors.shape] : vectors.shape
  if (shape.length !== 2 || shape[0] === 0)
    throw new CorruptWeightsError(`${file}: expected vectors [count, ${width}], got [${vectors.shape.join(', ')}]`)
  if (!types.includes(vectors.dtype))
    throw new UnsupportedModelError(`${file}: its vectors are ${vectors.dtype}; known here: ${types.join(', ')}`)
  if (shape[1] !== width)
    throw new UnsupportedModelError(
      `${file}: its vectors are ${shape[1]} wide, those of this model's text encoder ${width}: it was made for ${madeFor[shape[1]] ?? 'another model'}`,
    )
  return { token, vectors: { ...vectors, shape } }
}

const types = ['F32', 'F16', 'BF16', 'F64']

const madeFor: Record<number, string> = {
  768: 'Stable Diffusion 1.x',
  1024: 'Stable Diffusion 2.x',
  1280: 'Stable Diffusion XL',
}

function fromTensors(file: string, tensors: ReadonlyMap<string, WeightTensor>): TextualInversion {
  if (tensors.has('clip_l') || tensors.has('clip_g'))
    throw new UnsupportedModelError(
      `${file} is a textual inversion of Stable Diffusion XL (${[...tensors.keys()].join(', ')})`,
    )
  const [[token, vectors] = [], ...others] = tensors
  if (!vectors || others.length > 0)
    throw new CorruptWeightsError(
      `${file}: expected one tensor, the vectors of a token, got ${tensors.size}: ${[...tensors.keys()].slice(0, 5).join(', ')}`,
    )
  return { token: token === 'emb_params' ? basename(file, extname(file)) : token, vectors }
}

function fromTorch(file: string, value: TorchValue): TextualInversion {
  if (isTensor(value)) return { token: undefined, vectors: value }
  if (value instanceof Map) {
    const params = value.get('string_to_param')
    const vectors = params instanceof Map ? itemsOf(params).get('*') : undefined
    const name = value.get('name')
    if (isTensor(vectors)) return { token: typeof name === 'string' ? name : basename(file, extname(file)), vectors }
    const named = [...value].filter((entry): entry is [string, WeightTensor] => isTensor(entry[1]))
    if (value.size > 0 && named.length === value.size) return fromTensors(file, new Map(named))
  }
  throw new CorruptWeightsError(
    `${file}: expected a dict with "string_to_param", one of a token with its vectors, or a tensor; got ${described(value)}`,
  )
}

/** torch.nn.ParameterDict keeps its items among what else a module has. */
function itemsOf(map: Map<TorchValue, TorchValue>): Map<TorchValue, TorchValue> {
  const items = map.get('_parameters')
  return items instanceof Map ? items : map
}

function isTensor(value: unknown): value is WeightTensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'offset' in value
}

function described(value: TorchValue): string {
  if (value instanceof Map) return `a dict of ${[...value.keys()].slice(0, 5).map(String).join(', ') || 'nothing'}`
  return Array.isArray(value) ? 'a list' : typeof value
}
