import type { CLIPTextModel } from '../models/clipTextModel.js'
import type { RunOptions } from '../models/network.js'
import { concat, type Tensor, tensor } from '../tensor.js'
import type { ClipTokenizer } from '../tokenizer/clip.js'
import { promptChunks } from './chunks.js'

/**
 * Prompts as `parsePromptAttention` weighs them, of any length, for `promptEmbeds` and `negativePromptEmbeds`. Each token's state is multiplied by its
 * weight, and the chunk it is in then brought back to the mean it had.
 * @param parts a pipeline, or any two that fit each other
 * @param options.clipSkip layers left out before the last, 0 or more
 * @param options.loraScale of all adapters that are not fused (1)
 * @returns [texts, tokens, features]: 77 tokens a chunk, a text of fewer chunks repeated, which attention over it does not notice
 * @see stable-diffusion-webui, the emphasis mode "Original"
 */
export async function encodeWeighted(
  text: string | readonly string[],
  { tokenizer, textEncoder }: { tokenizer: ClipTokenizer; textEncoder: CLIPTextModel },
  options: { clipSkip?: number; loraScale?: number } & RunOptions = {},
): Promise<Tensor> {
  const texts = typeof text === 'string' ? [text] : text
  const chunks = texts.map(one => promptChunks(one, tokenizer))
  const states: Tensor[] = []
  for (const { ids, weights } of chunks.flat())
    states.push(weighted((await textEncoder([ids], options)).lastHiddenState, weights))

  const count = chunks.map(({ length }) => length).reduce(leastCommonMultiple)
  const [, tokens, features] = states[0].dims
  const ofTexts = chunks.map(({ length }) => {
    const own = states.splice(0, length)
    return concat(Array.from({ length: count }, (_, i) => own[i % length]))
  })
  return tensor(concat(ofTexts).data, [texts.length, count * tokens, features])
}

/** @param state [1, tokens, features] */
function weighted({ dims, data }: Tensor, weights: readonly number[]): Tensor {
  if (weights.every(weight => weight === 1)) return tensor(data, dims)
  const features = dims[2]
  const multiplied = data.map((value, i) => value * weights[Math.floor(i / features)])
  const factor = sum(data) / sum(multiplied)
  return tensor(
    multiplied.map(value => value * factor),
    dims,
  )
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (a: number, b: number): number => (b ? divisor(b, a % b) : a)
  return (a / divisor(a, b)) * b
}
