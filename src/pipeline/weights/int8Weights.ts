import { breath, derivedFolder, derivedWeights, largest, type Recipe } from './derivedWeights.js'
import type { Weights } from './safetensors.js'

/**
 * Weights in 8-bit integers, for arithmetic in them, beside those they are made from: of `x.weight`, [outputs, inputs, …kernel],
 * `x.weight.int8`, I8 [kernel · inputs, outputs], and `x.weight.scale`, F32 [outputs], so that weight ≈ scale · int8. A quarter of
 * the model's size, made once for it.
 * @param keys of the weights: linear layers and convolutions
 * @throws Error naming the folder where there is no room; the signal's reason
 */
export function int8Weights(weights: Weights, keys: readonly string[], signal?: AbortSignal): Promise<Weights> {
  return derivedWeights(weights, keys, recipe, signal)
}

/** Where 8-bit weights are kept; may be emptied at any time that no pipeline uses them. */
export function int8Folder(env?: NodeJS.ProcessEnv): string {
  return derivedFolder(recipe.folder, env)
}

const recipe: Recipe = {
  folder: 'int8',
  version: 1,
  what: '8-bit weights',
  wayOut: "draw with quality: 'exact', which needs none",
  entries: shape => {
    const { outputs, inputs, taps } = matrix(shape)
    return [
      { name: 'int8', dtype: 'I8', shape: [taps * inputs, outputs] },
      { name: 'scale', dtype: 'F32', shape: [outputs] },
    ]
  },
  make: int8,
}

function matrix([outputs, inputs, ...kernel]: readonly number[]) {
  return { outputs, inputs, taps: kernel.reduce((product, dim) => product * dim, 1) }
}

/** Outputs that are transposed together: the rows read and the lines written then stay in the processor's cache. */
const block = 64

async function int8(
  weight: Float32Array,
  shape: readonly number[],
  signal?: AbortSignal,
): Promise<[bytes: Int8Array, scales: Float32Array]> {
  const { outputs, inputs, taps } = matrix(shape)
  const row = inputs * taps
  const bytes = new Int8Array(outputs * row)
  const scales = new Float32Array(outputs)
  for (let first = 0; first < outputs; first += block) {
    await breath(signal)
    const last = Math.min(first + block, outputs)
    for (let output = first; output < last; output++)
      scales[output] = largest(weight, output * row, (output + 1) * row) / 127
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++) {
        const to = (tap * inputs + input) * outputs
        const from = input * taps + tap
        for (let output = first; output < last; output++)
          bytes[to + output] = Math.round(weight[output * row + from] / (scales[output] || 1))
      }
    }
  }
  return [bytes, scales]
}
