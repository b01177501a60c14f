import { elementCount, slice, type Tensor, tensor } from '../tensor.js'

/**
 * Classifier-free guidance: away from the unconditional prediction, through the conditional one.
 * @param prediction both in one batch, the unconditional half first
 * @param rescale φ: the share of the result brought back to the conditional prediction's standard deviation
 * @see Ho and Salimans 2022; Lin et al. 2023, section 3.4; diffusers `rescale_noise_cfg`
 */
export function guided(prediction: Tensor, scale: number, rescale: number): Tensor {
  const half = prediction.dims[0] / 2
  const unconditional = slice(prediction, 0, half)
  const conditional = slice(prediction, half, 2 * half)
  const result = tensor(
    conditional.data.map((value, i) => unconditional.data[i] + scale * (value - unconditional.data[i])),
    conditional.dims,
  )
  return rescale > 0 ? rescaled(result, conditional, rescale) : result
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
