import { InvalidOptionError, ModelNotFoundError } from '../errors.js'
import type { Image } from '../image/image.js'
import { type Generator, randn } from '../random.js'
import { checkedTensor, concat, type Tensor, tensor } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'
import { loadPart, type PartOptions } from './loadPart.js'
import { network, type Part, type Placement, type RunOptions } from './network.js'
import { originalConfigs } from './originalConfigs.js'
import { loadPartFile, type PartFileOptions } from './partFile.js'
import { vaeWeights } from './partWeights.js'
import { checkedPictures, eachItem } from './pictureBatch.js'
import { tiled } from './tiled.js'
import { parseVaeConfig, type VaeConfig, vaeCheckpoint, vaeDecoderGraph, vaeEncoderGraph } from './vae.js'

/** The autoencoder between pictures and latents. Latents are unscaled: the pipeline multiplies by `config.scalingFactor`. */
export interface AutoencoderKL extends Part<VaeConfig> {
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
  /** One picture of a batch at a time, the default: a batch at once is no faster here and takes as many times the memory. */
  enableSlicing(): void
  /** A whole batch at once. */
  disableSlicing(): void
  /**
   * Pictures larger than a tile are encoded and decoded in tiles that overlap, blended into one another: the memory of one tile. Colours
   * may differ a little from tile to tile.
   * @param tileSize side in pixels, a multiple of four latents; by default the config's `sample_size`
   * @throws InvalidOptionError
   */
  enableTiling(tileSize?: number): void
  /** Pictures of any size as a whole. */
  disableTiling(): void
  /** side of a tile in pixels, `Infinity` without tiles */
  readonly tileSize: number
}

export const AutoencoderKL = {
  /**
   * @param source its folder or hub repository, such as `'stabilityai/sd-vae-ft-mse'`; a pipeline's, with `subfolder: 'vae'`
   * @throws InvalidOptionError, ModelNotFoundError, UnsupportedModelError, CorruptWeightsError, DeviceUnavailableError
   */
  fromPretrained: (source: string, options: PartOptions = {}): Promise<AutoencoderKL> =>
    loadPart(source, options, ({ config, where, weights, placement, source }) =>
      autoencoderKL(parseVaeConfig(config, where), weights, placement, source),
    ),

  /**
   * @param path a `.safetensors` of an autoencoder alone, in the original layout or diffusers', or of a whole checkpoint; or its link on the hub
   * @throws as `fromPretrained`
   */
  fromSingleFile: (path: string, options: PartFileOptions = {}): Promise<AutoencoderKL> =>
    loadPartFile(path, options, standardConfig, ({ file, config: json, where, weights, placement, source }) => {
      const config = parseVaeConfig(json, where)
      const own = vaeWeights(weights, file, config)
      if (!own) throw new ModelNotFoundError(`${file} holds no autoencoder`)
      return autoencoderKL(config, own, placement, source)
    }),
}

const standardConfig = async () => originalConfigs({ version: 1, channels: 4, prediction: 'epsilon' }).vae

/** A normal distribution of its own for every latent, [batch, latentChannels, height, width]. */
export interface DiagonalGaussian {
  /** [batch, latentChannels, height, width] */
  readonly mean: Tensor
  /** clamped to −30…20, as diffusers does */
  readonly logvar: Tensor
  /** The most likely latents: the mean. */
  mode(): Tensor
  /** Latents drawn at random, of the mean's shape. @param generator one for the batch, or one an item (a fresh one) */
  sample(generator?: Generator | Generator[]): Tensor
}

/** @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function autoencoderKL(
  config: VaeConfig,
  weights: Weights,
  placement: Placement,
  source: string,
): AutoencoderKL {
  vaeCheckpoint(config, weights)
  type Size = Parameters<typeof vaeDecoderGraph>[2]
  const decoder = network('vaeDecoder', placement, (size: Size, layers) =>
    vaeDecoderGraph(config, weights, size, layers),
  )
  const encoder = network('vaeEncoder', placement, (size: Size, layers) =>
    vaeEncoderGraph(config, weights, size, layers),
  )
  const scaleFactor = 2 ** (config.blockOutChannels.length - 1)
  let isSliced = true
  /** in pixels */
  let tileSize = Infinity

  /** A batch, by whole or in slices, and each slice by whole or in tiles. @param size side of a tile of `input` @param scale of sides */
  async function inParts(input: Tensor, size: number, scale: number, run: (part: Tensor) => Promise<Tensor>) {
    const [, , height, width] = input.dims
    if (height > size || width > size) return concat(await eachItem(input, item => tiled(item, size, scale, run)))
    return isSliced ? concat(await eachItem(input, run)) : run(input)
  }

  return {
    config,
    placement,
    source,
    scaleFactor,
    get tileSize() {
      return tileSize
    },
    async encode(image, { signal, device } = {}) {
      const sample = checkedPictures(image, config.inChannels, scaleFactor)
      const moments = await inParts(sample, tileSize, 1 / scaleFactor, async sample => {
        const [batch, , height, width] = sample.dims
        return (await encoder.run({ batch, height, width }, { sample }, { signal, device })).moments
      })
      return { latentDist: diagonalGaussian(moments) }
    },
    async decode(latents, { signal, device } = {}) {
      const checked = checkedTensor('latents', latents, ['batch', config.latentChannels, 'height', 'width'])
      const sample = await inParts(checked, tileSize / scaleFactor, scaleFactor, async latents => {
        const [batch, , height, width] = latents.dims
        return (await decoder.run({ batch, height, width }, { latents }, { signal, device })).sample
      })
      return { sample }
    },
    enableSlicing() {
      isSliced = true
    },
    disableSlicing() {
      isSliced = false
    },
    enableTiling(size = [config.sampleSize ?? 512].flat()[0]) {
      const multiple = 4 * scaleFactor
      if (!Number.isInteger(size) || size < multiple || size % multiple !== 0)
        throw new InvalidOptionError(`tileSize must be a multiple of ${multiple} pixels, got ${size}`)
      tileSize = size
    },
    disableTiling() {
      tileSize = Infinity
    },
    async release() {
      await encoder.release()
      await decoder.release()
    },
  }
}

/** @param moments [batch, 2·channels, height, width]: means, then logarithms of the variances */
function diagonalGaussian(moments: Tensor): DiagonalGaussian {
  const [batch, channels, height, width] = moments.dims
  const dims = [1, channels / 2, height, width]
  const half = moments.data.length / batch / 2
  const part = (i: number) => tensor(moments.data.slice(i * half, (i + 1) * half), dims)
  const items = Array.from({ length: batch }, (_, i) => i)
  const mean = concat(items.map(i => part(2 * i)))
  const logvar = concat(items.map(i => part(2 * i + 1)))
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
