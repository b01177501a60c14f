import type { Image } from '../image/image.js'
import { checkedTensor, concat, type Tensor, tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import type { DiagonalGaussian } from './autoencoderKL.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Part, type Placement, type RunOptions } from './network.js'
import { checkedPictures, eachItem } from './pictureBatch.js'
import {
  parseTinyVaeConfig,
  type TinyVaeConfig,
  type TinyVaeShape,
  tinyVaeCheckpoint,
  tinyVaeDecoderGraph,
  tinyVaeEncoderGraph,
} from './tinyVae.js'

/**
 * A small autoencoder for the latents of a large one: about the same picture in a fraction of the time. It takes the large one's
 * place in a pipeline, or draws its previews.
 */
export interface AutoencoderTiny extends Part<TinyVaeConfig> {
  /** pixels a latent in each direction */
  readonly scaleFactor: number
  /**
   * @param image a picture, or samples [batch, 3, height, width], −1…1; sides are multiples of `scaleFactor`
   * @returns `latents` [batch, latentChannels, height/scaleFactor, width/scaleFactor], scaled by `config.scalingFactor` in a
   *   pipeline; `latentDist` stands for them, too: nothing is drawn here
   * @see diffusers `AutoencoderTiny.encode`
   */
  encode(
    image: Image | Tensor,
    options?: RunOptions,
  ): Promise<{ latents: Tensor; latentDist: Pick<DiagonalGaussian, 'mode' | 'sample'> }>
  /**
   * @param latents [batch, latentChannels, height/scaleFactor, width/scaleFactor]
   * @returns `sample` [batch, 3, height, width], −1…1 and a little beyond
   */
  decode(latents: Tensor, options?: RunOptions): Promise<{ sample: Tensor }>
  /** Latents → 0…1, as they are stored in pictures; what lies beyond ±`latentMagnitude` is clamped. */
  scaleLatents(latents: Tensor): Tensor
  /** The way back. */
  unscaleLatents(latents: Tensor): Tensor
}

export const AutoencoderTiny = {
  /**
   * @param source its folder or hub repository, such as `'madebyollin/taesd'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<AutoencoderTiny> =>
    loadPart(source, options, ({ config, where, weights, placement, source }) =>
      autoencoderTiny(parseTinyVaeConfig(config, where), weights, placement, source),
    ),
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function autoencoderTiny(
  config: TinyVaeConfig,
  weights: Weights,
  placement: Placement,
  source: string,
): AutoencoderTiny {
  tinyVaeCheckpoint(config, weights)
  const decoder = network('tinyVaeDecoder', placement, (shape: TinyVaeShape, layers) =>
    tinyVaeDecoderGraph(config, weights, shape, layers),
  )
  const encoder = network('tinyVaeEncoder', placement, (shape: TinyVaeShape, layers) =>
    tinyVaeEncoderGraph(config, weights, shape, layers),
  )
  const scaleFactor = 2 ** (config.decoderBlocks.length - 1)
  const { latentChannels, inChannels, latentMagnitude, latentShift } = config

  return {
    config,
    placement,
    source,
    scaleFactor,
    async encode(image, options) {
      const sample = checkedPictures(image, inChannels, scaleFactor)
      const [, , height, width] = sample.dims
      const encoded = await eachItem(sample, item =>
        encoder.run({ batch: 1, height, width }, { sample: item }, options),
      )
      const latents = concat(encoded.map(({ latents }) => latents))
      return { latents, latentDist: { mode: () => latents, sample: () => latents } }
    },
    async decode(latents, options) {
      const checked = checkedTensor('latents', latents, ['batch', latentChannels, 'height', 'width'])
      const [, , height, width] = checked.dims
      const decoded = await eachItem(checked, item =>
        decoder.run({ batch: 1, height, width }, { latents: item }, options),
      )
      return { sample: concat(decoded.map(({ sample }) => sample)) }
    },
    scaleLatents: ({ data, dims }) =>
      tensor(
        data.map(value => Math.min(1, Math.max(0, value / (2 * latentMagnitude) + latentShift))),
        dims,
      ),
    unscaleLatents: ({ data, dims }) =>
      tensor(
        data.map(value => (value - latentShift) * 2 * latentMagnitude),
        dims,
      ),
    async release() {
      await encoder.release()
      await decoder.release()
    },
  }
}
