import { elementCount } from '../tensor.js'
import { breath, derivedWeights, largest, type Recipe } from './derivedWeights.js'
import type { Weights, WeightTensor } from './safetensors.js'

export const quantizations = ['int8', 'nf4', 'fp4'] as const

/** In how few bits weights are held, as bitsandbytes makes them; what is computed with them stays floating point. */
export type Quantization = (typeof quantizations)[number]

/** A weight in few bits. */
export interface QuantizedWeight {
  type: Quantization
  /** int8: I8 of the weight's shape; nf4, fp4: U8, two values a byte, the first in the upper half, row after row */
  codes: WeightTensor
  /** F32: int8: [outputs], so that weight = scale · code; nf4, fp4: of each block of 64 values, so that weight = scale · table[code] */
  scale: WeightTensor
}

/**
 * The same weights; those of linear layers and convolutions have `quantized`, too. 4 bits are for linear layers alone, convolutions are
 * then held in 8. What enters and leaves the network, embeddings, norms and biases stay as they are. Made once for a model, in the user's cache.
 * @throws Error naming the folder where there is no room; the signal's reason
 * @see Dettmers et al. 2022 (LLM.int8) and 2023 (QLoRA), whose NormalFloat is; bitsandbytes `int8_vectorwise_quant`, `quantize_4bit`
 */
export async function quantizedWeights(
  weights: Weights,
  quantization: Quantization,
  signal?: AbortSignal,
): Promise<Weights> {
  const result: Weights = new Map(weights)
  const typeOf = ({ shape }: WeightTensor) => (shape.length === 2 ? quantization : 'int8')
  const chosen = [...weights].filter(([key, { shape }]) => isLayer(key, shape))
  for (const type of quantizations) {
    const keys = chosen.filter(([, tensor]) => typeOf(tensor) === type).map(([key]) => key)
    if (keys.length === 0) continue
    const made = await derivedWeights(weights, keys, recipes[type], signal)
    for (const key of keys) {
      const [codes, scale] = ['codes', 'scale'].map(name => made.get(`${key}.${name}`)!)
      result.set(key, { ...weights.get(key)!, quantized: { type, codes, scale } })
    }
  }
  return result
}

function isLayer(key: string, shape: readonly number[]): boolean {
  return (
    key.endsWith('.weight') &&
    (shape.length === 2 || shape.length === 4) &&
    !/(^|\.)(conv_in|conv_out|\w+_embedding)\.weight$/.test(key)
  )
}

const common = {
  version: 1,
  what: 'Quantized weights',
  wayOut: 'load the model without `quantization`',
}

/** Values that share a scale. */
export const blockSize = 64

/** What the codes 0 … 15 stand for. */
export const tables = {
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
  fp4: [
    0, 0.0052083333, 0.6666666667, 1, 0.3333333333, 0.5, 0.1666666667, 0.25, -0, -0.0052083333, -0.6666666667, -1,
    -0.3333333333, -0.5, -0.1666666667, -0.25,
  ],
}

const recipes: Record<Quantization, Recipe> = {
  int8: {
    ...common,
    folder: 'int8-rows',
    entries: shape => [
      { name: 'codes', dtype: 'I8', shape: [...shape] },
      { name: 'scale', dtype: 'F32', shape: [shape[0]] },
    ],
    make: rows,
  },
  nf4: fourBits('nf4'),
  fp4: fourBits('fp4'),
}

function fourBits(type: 'nf4' | 'fp4'): Recipe {
  return {
    ...common,
    folder: type,
    entries: shape => {
      const count = elementCount(shape)
      return [
        { name: 'codes', dtype: 'U8', shape: [Math.ceil(count / 2)] },
        { name: 'scale', dtype: 'F32', shape: [Math.ceil(count / blockSize)] },
      ]
    },
    make: (values, _shape, signal) => blocks(values, tables[type], signal),
  }
}

/** How many values are made between two looks at the signal. */
const stretch = 1 << 20

async function rows(weight: Float32Array, [outputs]: readonly number[], signal?: AbortSignal) {
  const length = weight.length / outputs
  const codes = new Int8Array(weight.length)
  const scales = new Float32Array(outputs)
  const rowsAtOnce = Math.ceil(stretch / length)
  for (let row = 0; row < outputs; row++) {
    if (row % rowsAtOnce === 0) await breath(signal)
    const [from, to] = [row * length, (row + 1) * length]
    const most = largest(weight, from, to)
    scales[row] = most / 127
    const factor = most ? Math.fround(127 * Math.fround(1 / most)) : 0 // as torch divides a number by a tensor
    for (let i = from; i < to; i++) codes[i] = roundedToEven(Math.fround(weight[i] * factor))
  }
  return [codes, scales]
}

async function blocks(weight: Float32Array, table: readonly number[], signal?: AbortSignal) {
  const order = table.map((_, code) => code).sort((a, b) => table[a] - table[b])
  const sorted = Float32Array.from(order, code => table[code])
  const bounds = Float32Array.from({ length: 15 }, (_, i) => (sorted[i] + sorted[i + 1]) / 2)
  const codes = new Uint8Array(Math.ceil(weight.length / 2))
  const scales = new Float32Array(Math.ceil(weight.length / blockSize))
  for (let block = 0; block < scales.length; block++) {
    const from = block * blockSize
    if (from % stretch === 0) await breath(signal)
    const to = Math.min(from + blockSize, weight.length)
    scales[block] = largest(weight, from, to)
    const factor = scales[block] ? Math.fround(1 / scales[block]) : 0
    for (let i = from; i < to; i++) {
      const code = order[boundsBelow(Math.fround(weight[i] * factor), bounds)]
      codes[i >> 1] |= i % 2 === 0 ? code << 4 : code
    }
  }
  return [codes, scales]
}

/** How many of 15 ascending bounds are less than the value. */
function boundsBelow(value: number, bounds: Float32Array): number {
  let at = 0
  for (let step = 8; step > 0; step >>= 1) if (value > bounds[at + step - 1]) at += step
  return at
}

/** Adding this takes away all bits after the point, and rounds as floating point does. */
const integersOnly = 1.5 * 2 ** 23

function roundedToEven(value: number): number {
  return Math.fround(value + integersOnly) - integersOnly
}
