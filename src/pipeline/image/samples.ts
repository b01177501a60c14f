import { type Tensor, tensor } from '../tensor.js'
import type { Image } from './image.js'
import { resizeLanczos } from './resize.js'

/**
 * Pictures → samples [n, 3, height, width], 0…1, each brought to that size with LANCZOS, as diffusers'
 * `VaeImageProcessor.preprocess` does before it normalizes.
 */
export function samplesOf(images: readonly Image[], width: number, height: number): Tensor {
  const plane = width * height
  const samples = new Float32Array(images.length * 3 * plane)
  for (const [n, image] of images.entries()) {
    const data = resizeLanczos(image.data, image.width, image.height, width, height)
    for (let channel = 0; channel < 3; channel++) {
      const to = (3 * n + channel) * plane
      for (let i = 0; i < plane; i++) samples[to + i] = data[3 * i + channel] / 255
    }
  }
  return tensor(samples, [images.length, 3, height, width])
}

/** 0…1 → −1…1 */
export function normalized({ dims, data }: Tensor): Tensor {
  return tensor(
    data.map(value => 2 * value - 1),
    dims,
  )
}
