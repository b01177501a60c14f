import type { LayerAdapters } from '../onnx/adapters.js'
import type { ModelGraph, Value } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import { WeightPath } from '../onnx/weightPath.js'
import type { Weights } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes, type WeightShapes } from './checkpoint.js'
import { resnetBlock } from './resnet.js'
import { timeEmbedding } from './timeEmbedding.js'
import { transformer2d } from './transformer2d.js'
import type { UNetBlock, UNetConfig } from './unetConfig.js'

export { parseUNetConfig, type UNetConfig } from './unetConfig.js'

export interface UNetShape {
  batch: number
  /** of the latents, not the picture */
  height: number
  width: number
  sequenceLength: number
  /**
   * The deep feature, [batch, channels, height, width]: what the last layer of the last up block gets from below. `'told'`: it is an output
   * beside the sample; `'given'`: it is an input, and only that layer runs. Ma, Fang and Wang 2023 (DeepCache)
   */
  deepFeature?: 'told' | 'given'
  /** with scales there is an input `adapter_scales`, float32, of that length */
  adapters?: LayerAdapters
  /** What ControlNets add to the skip connections and to the middle are inputs, `down_residual_0`, … and `mid_residual`. Zhang et al. 2023 */
  controlled?: boolean
  /** with weights of `int8Weights`: the layers that bear it compute in 8-bit integers, on a device that has them */
  int8?: boolean
  /** In place of these inputs, what is in the same graph and tells them: they never leave the device. */
  steering?: Steering
}

/** ControlNets as part of the U-Net's graph. */
export interface Steering {
  /**
   * @param given the U-Net's own inputs
   * @param isFirstAlone only what the first skip connection is to be told
   * @returns values of `residualShapes`
   */
  residuals(g: Layers, given: { sample: Value; text: Value; timestep: Value }, isFirstAlone: boolean): Value[]
  /** what tells this graph from others */
  toJSON(): string
}

/**
 * diffusers `UNet2DConditionModel` for one shape.
 * Inputs, float32: `sample` [batch, inChannels, height, width], `timestep` [1], `encoder_hidden_states`
 * [batch, sequenceLength, crossAttentionDim]. Output, float32: `out_sample` [batch, outChannels, height, width].
 * Either may have `deep_feature`, float32, too.
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 * @throws InvalidOptionError  for an attention slice size that a layer cannot have
 * @see Ronneberger et al. 2015; Rombach et al. 2022, section 3.3
 */
export function unetGraph(
  config: UNetConfig,
  weights: Weights,
  shape: UNetShape,
  options: LayerOptions,
  int8?: Weights,
): ModelGraph {
  const g = new Layers({ ...options, adapters: shape.adapters })
  const whole = unetCheckpoint(config, weights)
  const source = new WeightPath((key, dims) => int8?.get(key) ?? whole.take(key, dims).tensor, '', int8 !== undefined)
  unet(g, config, source, shape)
  return g.build()
}

/** The state dict's root. @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function unetCheckpoint(config: UNetConfig, weights: Weights): WeightPath {
  return checkpoint(weights, unetWeightShapes(config))
}

/** Every weight of a configuration: key → shape. */
export function unetWeightShapes(config: UNetConfig): WeightShapes {
  return shapesTaken(config, false)
}

/** The weights that bear 8-bit integers. */
export function unetInt8Keys(config: UNetConfig): string[] {
  return [...shapesTaken(config, true).keys()].flatMap(key => /^(.*)\.int8$/.exec(key)?.[1] ?? [])
}

function shapesTaken(config: UNetConfig, int8: boolean): WeightShapes {
  const side = 2 ** (config.blocks.length - 1)
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  return recordWeightShapes(p => unet(g, config, p, { batch: 1, height: side, width: side, sequenceLength: 1 }), int8)
}

function unet(g: Layers, config: UNetConfig, p: WeightPath, shape: UNetShape): void {
  const { batch, height, width, sequenceLength, deepFeature, controlled, steering } = shape
  const sample = g.input('sample', [batch, config.inChannels, height, width])
  const text = g.input('encoder_hidden_states', [batch, sequenceLength, config.crossAttentionDim])
  const timestep = g.graph.input('timestep', 'float32', [1])
  const time = timeEmbedding(g, config, p.at('time_embedding'), timestep)
  const network = { g, config, text, time, isDeep: true }

  let x = config.centerInputSample ? g.shift(g.scale(sample, 2), -1) : sample
  x = g.conv2d(x, p.at('conv_in'), config.blocks[0].channels, { kernel: config.convInKernel })

  const skips = [x]
  const isOutermost = deepFeature === 'given'
  const told = steering?.residuals(g, { sample, text, timestep }, isOutermost)
  const steered = told ?? (controlled ? residualInputs(g, config, shape, isOutermost) : undefined)
  if (isOutermost) {
    if (steered) skips[0] = g.add(x, steered[0])
    x = g.input('deep_feature', [batch, deepChannels(config), height, width])
  } else x = deepLayers(network, x, skips, p, steered)
  if (deepFeature === 'told') g.output('deep_feature', x)
  const last = config.upBlocks.length - 1
  x = upLayer(
    { ...network, isDeep: false },
    x,
    skips,
    p.at('up_blocks', last),
    config.upBlocks[last],
    config.upBlocks[last].layers - 1,
  )

  const { groups, eps, activation } = config
  x = g.groupNorm(x, p.at('conv_norm_out'), { groups, eps, activation })
  g.output('out_sample', g.conv2d(x, p.at('conv_out'), config.outChannels, { kernel: config.convOutKernel }))
}

/** The shapes of what ControlNets add: to each skip connection, and last to the middle. */
export function residualShapes(
  config: UNetConfig,
  { batch, height, width }: Pick<UNetShape, 'batch' | 'height' | 'width'>,
): number[][] {
  const halved = (size: number) => (config.downsamplePadding === 0 ? Math.floor(size / 2) : Math.ceil(size / 2))
  let size = [height, width]
  const shapes = [[batch, config.blocks[0].channels, ...size]]
  for (const [i, { channels, layers }] of config.blocks.entries()) {
    for (let layer = 0; layer < layers; layer++) shapes.push([batch, channels, ...size])
    if (i === config.blocks.length - 1) break
    size = size.map(halved)
    shapes.push([batch, channels, ...size])
  }
  return [...shapes, [batch, config.blocks.at(-1)!.channels, ...size]]
}

function residualInputs(g: Layers, config: UNetConfig, shape: UNetShape, isFirstAlone: boolean): Value[] {
  const shapes = residualShapes(config, shape)
  const names = shapes.map((_, i) => (i === shapes.length - 1 ? 'mid_residual' : `down_residual_${i}`))
  return (isFirstAlone ? shapes.slice(0, 1) : shapes).map((dims, i) => g.input(names[i], dims))
}

/** What every block of one network shares. */
export interface Network {
  g: Layers
  config: UNetConfig
  text: Value
  /** activated, [1, timeChannels] */
  time: Value
  /** what convolutions in 8-bit integers miss in the last layer shows in the picture; in all others it is evened out */
  isDeep: boolean
}

/** All between the first convolution and the last layer of the last up block. */
function deepLayers(network: Network, input: Value, skips: Value[], p: WeightPath, steered?: Value[]): Value {
  const { g, config } = network
  const levels = config.blocks.length
  const evenSizes = input.shape.slice(2).every(side => side % 2 ** (levels - 1) === 0)
  let x = input
  for (const [i, block] of config.blocks.entries()) {
    x = downBlock(network, x, skips, p.at('down_blocks', i), block, i < levels - 1)
  }
  x = midBlock(network, x, p.at('mid_block'))
  if (steered) {
    for (const [i, skip] of skips.entries()) skips[i] = g.add(skip, steered[i])
    x = g.add(x, steered[skips.length])
  }
  for (const [i, block] of config.upBlocks.entries()) {
    const isLast = i === levels - 1
    for (let layer = 0; layer < block.layers - (isLast ? 1 : 0); layer++)
      x = upLayer(network, x, skips, p.at('up_blocks', i), block, layer)
    if (!isLast) x = upsample(g, x, evenSizes ? undefined : skips.at(-1), p.at('up_blocks', i, 'upsamplers', 0, 'conv'))
  }
  return x
}

/** A last block of one layer gets what the block before it gives. */
export function deepChannels({ blocks, upBlocks }: UNetConfig): number {
  const last = upBlocks.at(-1)!
  return last.layers > 1 ? last.channels : (upBlocks.at(-2) ?? blocks.at(-1)!).channels
}

/** diffusers `DownBlock2D`, `CrossAttnDownBlock2D`. */
export function downBlock(
  network: Network,
  x: Value,
  skips: Value[],
  p: WeightPath,
  block: UNetBlock,
  down: boolean,
): Value {
  for (let i = 0; i < block.layers; i++) {
    x = resnet(network, x, p.at('resnets', i), block)
    if (block.attention) x = transformer(network, x, p.at('attentions', i), block, i)
    skips.push(x)
  }
  if (down) {
    const { g, config } = network
    const padding = config.downsamplePadding === 0 ? ([0, 0, 1, 1] as const) : 1
    x = g.conv2d(x, p.at('downsamplers', 0, 'conv'), block.channels, { stride: 2, padding })
    skips.push(x)
  }
  return x
}

/** diffusers `UNetMidBlock2DCrossAttn`; `UNetMidBlock2D`, which has one ResNet block here. */
export function midBlock(network: Network, x: Value, p: WeightPath): Value {
  const { midBlock: block, midBlockScale } = network.config
  if (!block) return x
  x = resnet(network, x, p.at('resnets', 0), block, midBlockScale)
  if (!block.attention) return x
  x = transformer(network, x, p.at('attentions', 0), block, 0)
  return resnet(network, x, p.at('resnets', 1), block, midBlockScale)
}

/** A layer of diffusers' `UpBlock2D`, `CrossAttnUpBlock2D`. */
function upLayer(network: Network, x: Value, skips: Value[], p: WeightPath, block: UNetBlock, layer: number): Value {
  const joined = resnet(network, network.g.concat([x, skips.pop()!], 1), p.at('resnets', layer), block)
  return block.attention ? transformer(network, joined, p.at('attentions', layer), block, layer) : joined
}

/** To twice the size, or to that of the skip connection where halving had rounded. */
function upsample(g: Layers, x: Value, like: Value | undefined, p: WeightPath): Value {
  const [, channels, height, width] = x.shape
  const [rows, columns] = like ? like.shape.slice(2) : [2 * height, 2 * width]
  return g.conv2d(g.upsample(x, rows, columns), p, channels)
}

function resnet(network: Network, x: Value, p: WeightPath, block: UNetBlock, outputScale = 1): Value {
  const { g, config, time, isDeep: int8 } = network
  const { groups, eps, activation, timeScaleShift } = config
  const { channels } = block
  return resnetBlock(g, x, p, { channels, groups, eps, activation, time, timeScaleShift, outputScale, int8 })
}

function transformer({ g, config, text }: Network, x: Value, p: WeightPath, block: UNetBlock, i: number): Value {
  const { groups, linearProjection, upcastAttention } = config
  const { heads, transformerLayers, onlyCrossAttention } = block.attention!
  const layers = transformerLayers[i]
  return transformer2d(g, x, text, p, { layers, heads, groups, linearProjection, onlyCrossAttention, upcastAttention })
}
