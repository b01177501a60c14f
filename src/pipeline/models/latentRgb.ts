import type { ConfigReader } from './config.js'

/** How scaled latents look as colours, −1…1, without the decoder: their channels weighed, one picture element a latent. */
export interface LatentRgb {
  /** red, green and blue of each channel */
  factors: number[][]
  /** red, green and blue */
  bias: number[]
}

/**
 * Of the model's own config.json (`_latent_rgb_factors`, `_latent_rgb_factors_bias`: ComfyUI's names, underlined as what
 * diffusers does not know), else of the latent space of Stable Diffusion 1.x and 2.x; null for any other.
 */
export function readLatentRgb(
  read: ConfigReader,
  space: { latentChannels: number; blockOutChannels: number[]; scalingFactor: number },
): LatentRgb | null {
  const factors = read.get('_latent_rgb_factors')
  const bias = read.get('_latent_rgb_factors_bias', [0, 0, 0])
  if (factors === undefined) return isStableDiffusion1(space) ? stableDiffusion1 : null
  if (!Array.isArray(factors) || factors.length !== space.latentChannels || !factors.every(isColour))
    read.refuse('_latent_rgb_factors', `expected ${space.latentChannels} rows of red, green, blue, one a channel`)
  if (!isColour(bias)) read.refuse('_latent_rgb_factors_bias', 'expected red, green, blue')
  return { factors, bias }
}

/** @see ComfyUI comfy/latent_formats.py, class SD15 */
const stableDiffusion1: LatentRgb = {
  factors: [
    [0.3512, 0.2297, 0.3227],
    [0.325, 0.4974, 0.235],
    [-0.2829, 0.1762, 0.2721],
    [-0.212, -0.2616, -0.7177],
  ],
  bias: [0, 0, 0],
}

/** Its autoencoder, whoever has trained its decoder on; SDXL's has the same layers and another scale. */
function isStableDiffusion1({ latentChannels, blockOutChannels, scalingFactor }: Parameters<typeof readLatentRgb>[1]) {
  return latentChannels === 4 && blockOutChannels.join() === '128,256,512,512' && scalingFactor === 0.18215
}

function isColour(value: unknown): value is number[] {
  return Array.isArray(value) && value.length === 3 && value.every(item => typeof item === 'number')
}
