import type { LatentRgb } from '../models/latentRgb.js'
import { elementCount, type Tensor } from '../tensor.js'
import type { Image } from './image.js'
import { encodePng } from './png.js'

/** A small picture of how far a picture has come. */
export interface Preview {
  /** px */
  width: number
  height: number
  /** base64 */
  png: string
}

/** One pixel a latent. @param latents scaled, [pictures, channels, height/8, width/8] */
export function previews(latents: Tensor, rgb: LatentRgb): Promise<Preview[]> {
  const [count, , height, width] = latents.dims
  const pictures = Array.from({ length: count }, (_, picture) => pixels(latents, picture, rgb))
  return Promise.all(pictures.map(data => previewOf({ data, width, height })))
}

export async function previewOf({ width, height, data }: Pick<Image, 'width' | 'height' | 'data'>): Promise<Preview> {
  const png = Buffer.from(await encodePng(width, height, data))
  return { width, height, png: png.toString('base64') }
}

/** RGB, [height, width, 3], 0–255 */
function pixels({ data, dims: [, channels, height, width] }: Tensor, picture: number, { factors, bias }: LatentRgb) {
  const plane = elementCount([height, width])
  const first = picture * channels * plane
  const rgb = new Uint8ClampedArray(3 * plane)
  for (let i = 0; i < plane; i++) {
    for (let colour = 0; colour < 3; colour++) {
      let value = bias[colour]
      for (let channel = 0; channel < channels; channel++)
        value += factors[channel][colour] * data[first + channel * plane + i]
      rgb[3 * i + colour] = (value + 1) * 127.5
    }
  }
  return new Uint8Array(rgb.buffer)
}
