import type { ModelGraph, Value } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { Weights } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes, type WeightShapes } from './checkpoint.js'
import { resnetBlock } from './resnet.js'
import type { VaeConfig } from './vaeConfig.js'

export { parseVaeConfig, type VaeConfig } from './vaeConfig.js'

export interface VaeShape {
  batch: number
  /** of the input: latents for the decoder, the picture for the encoder */
  height: number
  width: number
}

/**
 * diffusers `AutoencoderKL.decode` for one shape.
 * Input `latents`, float32 [batch, latentChannels, height, width], unscaled. Output `sample`, float32
 * [batch, outChannels, height·f, width·f] with f = 2^(blocks − 1): −1…1 and a little beyond.
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 * @see Rombach et al. 2022, section 3.1
 */
export function vaeDecoderGraph(
  config: VaeConfig,
  weights: Weights,
  shape: VaeShape,
  options: LayerOptions,
): ModelGraph {
  const g = new Layers(vaeOptions(options))
  decode(g, config, vaeCheckpoint(config, weights), shape)
  return g.build()
}

/**
 * diffusers `AutoencoderKL.encode` for one shape.
 * Input `sample`, float32 [batch, inChannels, height, width] of the picture, −1…1. Output `moments`, float32
 * [batch, 2·latentChannels, height/f, width/f]: means, then logarithms of the variances, not clamped.
 * @param shape of the picture
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 */
export function vaeEncoderGraph(
  config: VaeConfig,
  weights: Weights,
  shape: VaeShape,
  options: LayerOptions,
): ModelGraph {
  const g = new Layers(vaeOptions(options))
  encode(g, config, vaeCheckpoint(config, weights), shape)
  return g.build()
}

/** Every weight of a configuration, encoder and decoder: key → shape. */
export function vaeWeightShapes(config: VaeConfig): WeightShapes {
  const side = 2 ** (config.blockOutChannels.length - 1)
  return recordWeightShapes(p => {
    for (const build of [encode, decode]) {
      const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
      build(g, config, p, { batch: 1, height: side, width: side })
    }
  })
}

/** The state dict's root. @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function vaeCheckpoint(config: VaeConfig, weights: Weights): WeightPath {
  return checkpoint(weights, vaeWeightShapes(config), currentKey)
}

/** Names of attention weights before diffusers 0.15, `query key value proj_attn`, → today's. */
function currentKey(key: string): string {
  const names: Record<string, string> = { query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' }
  return key.replace(
    /(\.attentions\.\d+\.)(query|key|value|proj_attn)(\.\w+)$/,
    (_, path, name, rest) => path + names[name] + rest,
  )
}

/** diffusers slices the attention of the U-Net only. */
function vaeOptions(options: LayerOptions): LayerOptions {
  return options.attention.kind === 'sliced' ? { ...options, attention: { kind: 'fused' } } : options
}

function decode(g: Layers, config: VaeConfig, root: WeightPath, { batch, height, width }: VaeShape): void {
  const latents = g.input('latents', [batch, config.latentChannels, height, width])
  const channels = config.blockOutChannels.toReversed()
  const p = root.at('decoder')

  let x = latents
  if (config.postQuantConv) x = g.conv2d(x, root.at('post_quant_conv'), config.latentChannels, { kernel: 1 })
  x = g.conv2d(x, p.at('conv_in'), channels[0])
  x = midBlock(g, config, x, p.at('mid_block'))
  for (const [i, count] of channels.entries()) {
    x = upBlock(g, config, x, p.at('up_blocks', i), count, i < channels.length - 1)
  }
  g.output('sample', head(g, config, x, p, config.outChannels))
}

function encode(g: Layers, config: VaeConfig, root: WeightPath, { batch, height, width }: VaeShape): void {
  const sample = g.input('sample', [batch, config.inChannels, height, width])
  const channels = config.blockOutChannels
  const moments = 2 * config.latentChannels
  const p = root.at('encoder')

  let x = g.conv2d(sample, p.at('conv_in'), channels[0])
  for (const [i, count] of channels.entries()) {
    x = downBlock(g, config, x, p.at('down_blocks', i), count, i < channels.length - 1)
  }
  x = midBlock(g, config, x, p.at('mid_block'))
  x = head(g, config, x, p, moments)
  if (config.quantConv) x = g.conv2d(x, root.at('quant_conv'), moments, { kernel: 1 })
  g.output('moments', x)
}

/** diffusers `DownEncoderBlock2D`: half the size by a convolution that pads right and below only. */
function downBlock(g: Layers, config: VaeConfig, x: Value, p: WeightPath, channels: number, down: boolean): Value {
  for (let i = 0; i < config.layersPerBlock; i++) x = resnet(g, config, x, p.at('resnets', i), channels)
  if (!down) return x
  return g.conv2d(x, p.at('downsamplers', 0, 'conv'), channels, { stride: 2, padding: [0, 0, 1, 1] })
}

/** diffusers `UpDecoderBlock2D`. */
function upBlock(g: Layers, config: VaeConfig, x: Value, p: WeightPath, channels: number, up: boolean): Value {
  for (let i = 0; i <= config.layersPerBlock; i++) x = resnet(g, config, x, p.at('resnets', i), channels)
  if (!up) return x
  return g.conv2d(g.upsample(x, 2 * x.shape[2], 2 * x.shape[3]), p.at('upsamplers', 0, 'conv'), channels)
}

/** diffusers `UNetMidBlock2D`. */
function midBlock(g: Layers, config: VaeConfig, x: Value, p: WeightPath): Value {
  const channels = x.shape[1]
  x = resnet(g, config, x, p.at('resnets', 0), channels)
  if (config.midBlockAttention) x = g.add(pixelAttention(g, config, x, p.at('attentions', 0)), x)
  return resnet(g, config, x, p.at('resnets', 1), channels)
}

/** One head over all pixels; diffusers `Attention` as the VAE has it. */
function pixelAttention(g: Layers, config: VaeConfig, x: Value, p: WeightPath): Value {
  const [, channels, height, width] = x.shape
  const pixels = g.pixels(g.groupNorm(x, p.at('group_norm'), { groups: config.groups, eps: EPS }))
  const [q, k, v] = ['to_q', 'to_k', 'to_v'].map(name => g.linear(pixels, p.at(name), channels))
  const h = g.linear(g.attention(q, k, v, { heads: 1 }), p.at('to_out', 0), channels)
  return g.image(h, height, width)
}

/** The activation here is SiLU whatever `act_fn` says: so diffusers has it. */
function head(g: Layers, config: VaeConfig, x: Value, p: WeightPath, channels: number): Value {
  const normal = g.groupNorm(x, p.at('conv_norm_out'), { groups: config.groups, eps: EPS, activation: 'silu' })
  return g.conv2d(normal, p.at('conv_out'), channels)
}

function resnet(g: Layers, { groups, activation }: VaeConfig, x: Value, p: WeightPath, channels: number): Value {
  return resnetBlock(g, x, p, { channels, groups, activation, eps: EPS })
}

const EPS = 1e-6
