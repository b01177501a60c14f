import { type Tensor, tensor } from '../tensor.js'
import type { Image } from './image.js'
import { resizeLanczos } from './resize.js'

/**
 * Masks → [n, 1, height, width], 1 where a picture is painted anew (white), 0 where it stays (black): brought to that size
 * with LANCZOS, made grey, cut at one half; diffusers' `mask_processor.preprocess`.
 */
export function masksOf(images: readonly Image[], width: number, height: number): Tensor {
  const plane = width * height
  const masks = new Float32Array(images.length * plane)
  for (const [n, image] of images.entries()) {
    const grey = greyLevels(resizeLanczos(image.data, image.width, image.height, width, height))
    for (let i = 0; i < plane; i++) masks[n * plane + i] = grey[i] / 255 < 0.5 ? 0 : 1
  }
  return tensor(masks, [images.length, 1, height, width])
}

/** RGB → 0–255, as Pillow's `convert('L')`: ITU-R 601-2 luma in 16-bit fixed point. */
export function greyLevels(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3)
  for (let i = 0; i < grey.length; i++)
    grey[i] = (rgb[3 * i] * 19595 + rgb[3 * i + 1] * 38470 + rgb[3 * i + 2] * 7471 + 0x8000) >> 16
  return grey
}
