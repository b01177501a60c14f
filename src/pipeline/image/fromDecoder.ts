import type { Tensor } from '../tensor.js'
import { Image } from './image.js'

/**
 * The VAE's pictures → images, in float32 as diffusers' `VaeImageProcessor` does: x/2 + 0.5, clamped to 0–1, times 255,
 * rounded half to even.
 * @param sample [n, 3, height, width], −1…1
 */
export function imagesFromDecoder(sample: Tensor): Image[] {
  const [count, channels, height, width] = sample.dims
  if (sample.dims.length !== 4 || channels !== 3)
    throw new RangeError(`expected pictures of [n, 3, height, width], got [${sample.dims.join(', ')}]`)
  const plane = height * width
  return Array.from({ length: count }, (_, n) => {
    const data = new Uint8Array(plane * 3)
    for (let channel = 0; channel < 3; channel++) {
      const from = (n * 3 + channel) * plane
      for (let i = 0; i < plane; i++) data[i * 3 + channel] = level(sample.data[from + i])
    }
    return new Image(data, width, height)
  })
}

function level(x: number): number {
  const unit = Math.min(Math.max(Math.fround(x / 2 + 0.5), 0), 1)
  const scaled = Math.fround(unit * 255)
  const floor = Math.floor(scaled)
  const above = scaled - floor
  return above > 0.5 || (above === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
