import { imagesFromDecoder } from '../image/fromDecoder.js'
import type { Image } from '../image/image.js'
import { type Preview, previewOf, previews } from '../image/preview.js'
import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import type { Device } from '../runtime/engine.js'
import { scaled, type Tensor } from '../tensor.js'

/** Latents as a step has them without their noise → small pictures, made on the device that draws the large ones. */
export type Previewer = (latents: Tensor, device: Device) => Promise<Preview[]>

/**
 * By a tiny autoencoder, where the pipeline has one for it or decodes with one anyway; else one pixel a latent, where its latents
 * are known as colours.
 */
export function previewer(
  vae: AutoencoderKL | AutoencoderTiny,
  previewDecoder: AutoencoderTiny | null,
): Previewer | undefined {
  const tiny = previewDecoder ?? ('scaleLatents' in vae ? vae : undefined)
  if (tiny)
    return async (latents, device) => {
      const { sample } = await tiny.decode(scaled(latents, 1 / tiny.config.scalingFactor), { device })
      return Promise.all(imagesFromDecoder(sample).map(async image => previewOf(await small(image))))
    }
  const rgb = 'latentRgb' in vae.config ? vae.config.latentRgb : null
  return rgb ? latents => previews(latents, rgb) : undefined
}

/** Twice as many pixels as a notebook shows of a preview. */
const longest = 320

async function small(image: Image): Promise<Image> {
  const scale = longest / Math.max(image.width, image.height)
  return scale >= 1 ? image : image.resize(Math.round(scale * image.width), Math.round(scale * image.height))
}
