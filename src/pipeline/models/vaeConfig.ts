import type { Activation } from '../onnx/layers.js'
import { ConfigReader } from './config.js'
import { readActivation, readGroups, readSampleSize } from './configParts.js'
import { type LatentRgb, readLatentRgb } from './latentRgb.js'

/** diffusers `AutoencoderKL`. Scaling, shift and statistics are the pipeline's to apply; the network leaves latents as they are. */
export interface VaeConfig {
  inChannels: number
  outChannels: number
  latentChannels: number
  /** from the picture's side to the latents' */
  blockOutChannels: number[]
  layersPerBlock: number
  groups: number
  activation: Activation
  midBlockAttention: boolean
  quantConv: boolean
  postQuantConv: boolean
  sampleSize: number | number[] | null
  scalingFactor: number
  shiftFactor: number | null
  latentsMean: number[] | null
  latentsStd: number[] | null
  /** null where the latent space is not known */
  latentRgb: LatentRgb | null
}

/**
 * @param json vae/config.json
 * @param where its name, for messages
 * @throws UnsupportedModelError  naming the key and the value that is not run here
 */
export function parseVaeConfig(json: unknown, where: string): VaeConfig {
  const read = new ConfigReader(json, where)
  read.oneOf('_class_name', ['AutoencoderKL'], 'AutoencoderKL')
  const blockOutChannels = read.integers('block_out_channels', [64])
  const blocks = blockOutChannels.length
  read.list('down_block_types', ['DownEncoderBlock2D'], ['DownEncoderBlock2D'], blocks)
  read.list('up_block_types', ['UpDecoderBlock2D', 'UNetResUpDecoderBlock2D'], ['UpDecoderBlock2D'], blocks)
  const shiftFactor = read.get('shift_factor', null)
  if (shiftFactor !== null && typeof shiftFactor !== 'number') read.refuse('shift_factor', 'expected a number or null')
  const latentChannels = read.integer('latent_channels', 4)
  const scalingFactor = read.number('scaling_factor', 0.18215)
  const config: VaeConfig = {
    blockOutChannels,
    inChannels: read.integer('in_channels', 3),
    outChannels: read.integer('out_channels', 3),
    latentChannels,
    layersPerBlock: read.integer('layers_per_block', 1),
    groups: readGroups(read, blockOutChannels),
    activation: readActivation(read, 'act_fn', 'silu')!,
    midBlockAttention: read.boolean('mid_block_add_attention', true),
    quantConv: read.boolean('use_quant_conv', true),
    postQuantConv: read.boolean('use_post_quant_conv', true),
    sampleSize: readSampleSize(read, 32),
    scalingFactor,
    shiftFactor: shiftFactor as number | null,
    latentsMean: read.numbersOrNull('latents_mean'),
    latentsStd: read.numbersOrNull('latents_std'),
    latentRgb: readLatentRgb(read, { latentChannels, blockOutChannels, scalingFactor }),
  }
  read.inert('force_upcast') // diffusers looks at it in pipelines of Stable Diffusion XL alone
  if (config.scalingFactor === 0) read.refuse('scaling_factor', 'expected a number other than 0')
  read.finish()
  return config
}
