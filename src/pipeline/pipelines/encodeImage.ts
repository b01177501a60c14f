import { type AutoencoderKL, sampledFrom } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import { randn } from '../random.js'
import { repeatItems, scaled, type Tensor } from '../tensor.js'
import type { Call } from './callOptions.js'

/** How an encoded picture's noise is drawn. */
export interface EncoderDraws {
  dtype: 'float32' | 'float16'
  /** of a list of generators: each draws for its picture; else the first ones alone draw, one for each picture given */
  alone: boolean
}

/**
 * Pictures → latents, scaled, one for each that the call makes.
 * @param image [1 or prompts, 3, height, width], −1…1; or latents already, scaled
 * @returns [batch, channels, height/8, width/8]
 */
export async function encodeImage(
  vae: AutoencoderKL | AutoencoderTiny,
  image: Tensor,
  call: Call,
  draws: EncoderDraws,
): Promise<Tensor> {
  if (image.dims[1] === vae.config.latentChannels) return upTo(call.batch, image)
  const encoded = await vae.encode(image, call)
  if ('latents' in encoded) return upTo(call.batch, scaled(encoded.latents, vae.config.scalingFactor))
  const { mean, logvar } = encoded.latentDist
  const noise = encoderNoise(mean.dims, call, draws)
  const [count] = noise.dims
  const latents = sampledFrom(upTo(count, mean), upTo(count, logvar), noise)
  return upTo(call.batch, scaled(latents, vae.config.scalingFactor))
}

/** Draws what encoding these pictures would draw, where nothing is to be encoded. */
export function drawAsEncoding(
  vae: AutoencoderKL | AutoencoderTiny,
  image: Tensor,
  call: Call,
  draws: EncoderDraws,
): void {
  if ('scaleLatents' in vae) return // the small autoencoder draws nothing
  const { scaleFactor, config } = vae
  const [count, , height, width] = image.dims
  encoderNoise([count, config.latentChannels, height / scaleFactor, width / scaleFactor], call, draws)
}

/** @param dims of the encoder's latents: a single generator draws once for each picture given */
function encoderNoise(
  [count, ...item]: readonly number[],
  { batch, generator }: Call,
  { dtype, alone }: EncoderDraws,
): Tensor {
  if (!Array.isArray(generator)) return randn([count, ...item], { generator, dtype })
  const drawing = alone ? generator : generator.slice(0, count)
  return randn([alone ? batch : count, ...item], { generator: drawing, dtype })
}

/** Each picture given several times in a row. */
export function upTo(count: number, given: Tensor): Tensor {
  return repeatItems(given, count / given.dims[0])
}
