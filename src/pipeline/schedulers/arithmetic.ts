import { InvalidOptionError } from '../errors.js'
import { type Tensor, tensor } from '../tensor.js'

/** A weight and what it weighs. */
export type Term = readonly [weight: number, x: Tensor]

/**
 * w₁ x₁ + w₂ x₂ + …, element by element, added in double precision and kept in single.
 * @throws InvalidOptionError when the shapes differ
 */
export function weightedSum(...terms: readonly Term[]): Tensor {
  return sumOver(1, ...terms)
}

/** (w₁ x₁ + w₂ x₂ + …) / divisor. */
export function sumOver(divisor: number, ...terms: readonly Term[]): Tensor {
  const [[firstWeight, first], ...rest] = terms
  for (const [, { dims }] of rest)
    if (dims.join() !== first.dims.join())
      throw new InvalidOptionError(`model output and sample must have one shape, got [${dims}] and [${first.dims}]`)
  const sum = new Float64Array(first.data.length)
  for (let i = 0; i < sum.length; i++) sum[i] = firstWeight * first.data[i]
  for (const [weight, { data }] of rest) for (let i = 0; i < sum.length; i++) sum[i] += weight * data[i]
  if (divisor !== 1) for (let i = 0; i < sum.length; i++) sum[i] /= divisor
  return tensor(new Float32Array(sum), first.dims)
}

/** Every value into −range … range. */
export function clamped(x: Tensor, range: number): Tensor {
  return tensor(
    x.data.map(value => Math.min(Math.max(value, -range), range)),
    x.dims,
  )
}

/** What a config leaves of a predicted picture: thresholded, else clipped, else as it is. */
export function limited(x0: Tensor, config: LimitConfig): Tensor {
  const { thresholding, dynamicThresholdingRatio, sampleMaxValue, clipSample, clipSampleRange } = config
  if (thresholding) return thresholded(x0, dynamicThresholdingRatio, sampleMaxValue)
  return clipSample ? clamped(x0, clipSampleRange) : x0
}

interface LimitConfig {
  thresholding: boolean
  dynamicThresholdingRatio: number
  sampleMaxValue: number
  clipSample: boolean
  clipSampleRange: number
}

/**
 * Dynamic thresholding, picture by picture: s is the given quantile of |x|, at least 1 and at most `max`; x is cut to
 * −s … s and divided by s. Saharia et al. 2022, section 2.3.
 * @param x batch first
 */
export function thresholded(x: Tensor, ratio: number, max: number): Tensor {
  const size = x.data.length / x.dims[0]
  const data = new Float32Array(x.data.length)
  for (let at = 0; at < data.length; at += size) {
    const picture = x.data.subarray(at, at + size)
    const s = Math.min(Math.max(quantile(picture.map(Math.abs).sort(), ratio), 1), max)
    for (const [i, value] of picture.entries()) data[at + i] = Math.min(Math.max(value, -s), s) / s
  }
  return tensor(data, x.dims)
}

/** A step from σ to σ′ as one down to less noise, and fresh noise that makes up for it: k-diffusion's `get_ancestral_step`. */
export function ancestralStep(sigma: number, sigmaNext: number): { sigmaUp: number; sigmaDown: number } {
  const sigmaUp = Math.sqrt((sigmaNext ** 2 * (sigma ** 2 - sigmaNext ** 2)) / sigma ** 2)
  return { sigmaUp, sigmaDown: Math.sqrt(sigmaNext ** 2 - sigmaUp ** 2) }
}

/** a and b mixed with each batch item's own weights, or one pair for all: what adds noise. */
export function mixedByItem(a: Tensor, b: Tensor, weights: readonly (readonly [ofA: number, ofB: number])[]): Tensor {
  const batch = a.dims[0]
  if (weights.length !== 1 && weights.length !== batch)
    throw new InvalidOptionError(`timesteps must be one or one a batch item (${batch}), got ${weights.length}`)
  if (a.dims.join() !== b.dims.join())
    throw new InvalidOptionError(`noise must have the shape of the sample, [${a.dims}], got [${b.dims}]`)
  const size = a.data.length / batch
  const data = a.data.map((value, i) => {
    const [ofA, ofB] = weights[weights.length === 1 ? 0 : Math.floor(i / size)]
    return ofA * value + ofB * b.data[i]
  })
  return tensor(data, a.dims)
}

/** Halves of the channels, dimension 1: a learned variance comes after what is predicted. */
export function splitChannels({ data, dims: [batch, channels, ...rest] }: Tensor): [Tensor, Tensor] {
  const half = rest.reduce((size, dim) => size * dim, channels / 2)
  const part = (which: 0 | 1) =>
    tensor(
      Float32Array.from(
        { length: batch * half },
        (_, i) => data[(2 * Math.floor(i / half) + which) * half + (i % half)],
      ),
      [batch, channels / 2, ...rest],
    )
  return [part(0), part(1)]
}

/** torch's linear interpolation between the two nearest ranks. */
function quantile(sorted: Float32Array, ratio: number): number {
  const rank = Math.fround(Math.fround(ratio) * (sorted.length - 1))
  const below = Math.floor(rank)
  const above = Math.ceil(rank)
  return Math.fround(sorted[below] + (rank - below) * (sorted[above] - sorted[below]))
}
