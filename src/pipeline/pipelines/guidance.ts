import { elementCount, type Tensor, tensor } from '../tensor.js'
import type { EncodedPrompt } from './encodePrompt.js'

/**
 * Classifier-free guidance: away from the unconditional prediction, through the conditional ones, of which each picture may have several.
 * @param prediction all in one batch, the unconditional ones first, one a picture
 * @param parts of each conditional one, whose it is and how much it counts
 * @param rescale φ: the share of the result brought back to the conditional prediction's standard deviation
 * @see Ho and Salimans 2022; Liu et al. 2022, equation 11; Lin et al. 2023, section 3.4; diffusers `rescale_noise_cfg`
 */
export function guided(prediction: Tensor, parts: EncodedPrompt['parts'], scale: number, rescale: number): Tensor {
  const result = composed(prediction, parts, scale)
  return rescale > 0 ? rescaled(result, composed(prediction, parts, 1), rescale) : result
}

function composed({ dims: [items, ...item], data }: Tensor, parts: EncodedPrompt['parts'], scale: number): Tensor {
  const pictures = items - parts.length
  const size = elementCount(item)
  const unconditional = data.subarray(0, pictures * size)
  const result = Float32Array.from(unconditional)
  for (const [i, { picture, weight }] of parts.entries())
    for (let at = picture * size, from = (pictures + i) * size, end = at + size; at < end; at++, from++)
      result[at] += weight * scale * (data[from] - unconditional[at])
  return tensor(result, [pictures, ...item])
}

function rescaled(result: Tensor, conditional: Tensor, rescale: number): Tensor {
  const size = elementCount(result.dims.slice(1))
  const data = new Float32Array(result.data.length)
  for (let start = 0; start < data.length; start += size) {
    const item = result.data.subarray(start, start + size)
    const factor = deviation(conditional.data.subarray(start, start + size)) / deviation(item)
    data.set(
      item.map(value => rescale * value * factor + (1 - rescale) * value),
      start,
    )
  }
  return tensor(data, result.dims)
}

/** Of a sample: divided by n − 1, as torch's `std`. */
function deviation(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return Math.sqrt(squares / (values.length - 1))
}
