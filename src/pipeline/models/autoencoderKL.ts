import type { Image } from '../image/image.js'
import { type Generator, randn } from '../random.js'
import { checkedTensor, concat, type Tensor, tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Placement, type RunOptions } from './network.js'
import { checkedPictures, eachItem } from './pictureBatch.js'
import { parseVaeConfig, type VaeConfig, vaeCheckpoint, vaeDecoderGraph, vaeEncoderGraph } from './vae.js'
import { type VaeFileOptions, vaeFile } from './vaeFile.js'

/** The autoencoder between pictures and latents. Latents are unscaled: the pipeline multiplies by `config.scalingFactor`. */
export interface AutoencoderKL {
  readonly config: VaeConfig
  readonly placement: Placement
  /** pixels a latent in each direction: 2 to the number of blocks less one */
  readonly scaleFactor: number
  /**
   * @param image a picture, or samples [batch, 3, height, width], −1…1; sides are multiples of `scaleFactor`
   * @see Kingma and Welling 2013; diffusers `AutoencoderKL.encode`
   */
  encode(image: Image | Tensor, options?: RunOptions): Promise<{ latentDist: DiagonalGaussian }>
  /**
   * @param latents [batch, latentChannels, height/scaleFactor, width/scaleFactor]
   * @returns `sample` [batch, 3, height, width], −1…1 and a little beyond
   */
  decode(latents: Tensor, options?: RunOptions): Promise<{ sample: Tensor }>
  release(): Promise<void>
}

export const AutoencoderKL = {
  /**
   * @param source its folder or hub repository, such as `'stabilityai/sd-vae-ft-mse'`; a pipeline's, with `subfolder: 'vae'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<AutoencoderKL> =>
    loadPart(source, options, ({ config, where, weights, placement }) =>
      autoencoderKL(parseVaeConfig(config, where), weights, placement),
    ),

  /**
   * @param path a `.safetensors` of an autoencoder alone, or of a whole checkpoint, in the original layout
   * @param options.config the folder of its config.json (that of Stable Diffusion 1.x and 2.x)
   * @throws as `fromPretrained`
   */
  async fromSingleFile(path: string, options: VaeFileOptions = {}): Promise<AutoencoderKL> {
    const { config, weights, placement } = await vaeFile(path, options)
    return autoencoderKL(config, weights, placement)
  },
}

/** A normal distribution of its own for every latent, [batch, latentChannels, height, width]. */
export interface DiagonalGaussian {
  readonly mean: Tensor
  /** clamped to −30…20, as diffusers does */
  readonly logvar: Tensor
  mode(): Tensor
  sample(generator?: Generator | Generator[]): Tensor
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function autoencoderKL(config: VaeConfig, weights: Weights, placement: Placement): AutoencoderKL {
  vaeCheckpoint(config, weights)
  type Size = Parameters<typeof vaeDecoderGraph>[2]
  const decoder = network('vaeDecoder', placement, (size: Size, layers) =>
    vaeDecoderGraph(config, weights, size, layers),
  )
  const encoder = network('vaeEncoder', placement, (size: Size, layers) =>
    vaeEncoderGraph(config, weights, size, layers),
  )
  const scaleFactor = 2 ** (config.blockOutChannels.length - 1)

  return {
    config,
    placement,
    scaleFactor,
    async encode(image, { signal, device } = {}) {
      const sample = checkedPictures(image, config.inChannels, scaleFactor)
      const [, , height, width] = sample.dims
      const moments = await eachItem(sample, item =>
        encoder.run({ batch: 1, height, width }, { sample: item }, { signal, device }),
      )
      return { latentDist: diagonalGaussian(moments.map(({ moments }) => moments)) }
    },
    async decode(latents, { signal, device } = {}) {
      const checked = checkedTensor('latents', latents, ['batch', config.latentChannels, 'height', 'width'])
      const [, , height, width] = checked.dims
      const decoded = await eachItem(checked, item =>
        decoder.run({ batch: 1, height, width }, { latents: item }, { signal, device }),
      )
      return { sample: concat(decoded.map(({ sample }) => sample)) }
    },
    async release() {
      await encoder.release()
      await decoder.release()
    },
  }
}

/** @param moments a picture each, [1, 2·channels, height, width]: means, then logarithms of the variances */
function diagonalGaussian(moments: Tensor[]): DiagonalGaussian {
  const [, channels, height, width] = moments[0].dims
  const dims = [1, channels / 2, height, width]
  const half = moments[0].data.length / 2
  const mean = concat(moments.map(({ data }) => tensor(data.slice(0, half), dims)))
  const logvar = concat(moments.map(({ data }) => tensor(data.slice(half), dims)))
  logvar.data.forEach((value, i) => {
    logvar.data[i] = Math.min(20, Math.max(-30, value))
  })
  return {
    mean,
    logvar,
    mode: () => mean,
    sample: generator => sampledFrom(mean, logvar, randn(mean.dims, { generator })),
  }
}

/** @param noise of unit variance; all three have one shape */
export function sampledFrom(mean: Tensor, logvar: Tensor, noise: Tensor): Tensor {
  return tensor(
    noise.data.map((value, i) => mean.data[i] + Math.exp(0.5 * logvar.data[i]) * value),
    mean.dims,
  )
}
