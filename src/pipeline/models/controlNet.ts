import type { ModelGraph, Value } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { Weights } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes, type WeightShapes } from './checkpoint.js'
import type { ControlNetConfig } from './controlNetConfig.js'
import { timeEmbedding } from './timeEmbedding.js'
import { downBlock, midBlock, residualShapes, type UNetShape } from './unet.js'

export { type ControlNetConfig, parseControlNetConfig } from './controlNetConfig.js'

export type ControlNetShape = Pick<UNetShape, 'batch' | 'height' | 'width' | 'sequenceLength'>

/**
 * diffusers `ControlNetModel` for one shape: a copy of the U-Net's way down that looks at a picture, too, and tells what to add to
 * each of the U-Net's skip connections and to its middle.
 * Inputs, float32: `sample` [batch, inChannels, height, width], `timestep` [1], `encoder_hidden_states` [batch, sequenceLength,
 * crossAttentionDim], `controlnet_cond` [batch, conditioningChannels, height·f, width·f], 0…1, and `scales`, one for each
 * output. Outputs, float32: `down_0`, `down_1`, … and `mid`, of the shapes that `residualShapes` tells.
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 * @see Zhang et al. 2023, section 3
 */
export function controlNetGraph(
  config: ControlNetConfig,
  weights: Weights,
  shape: ControlNetShape,
  options: LayerOptions,
): ModelGraph {
  const g = new Layers(options)
  controlNet(g, config, controlNetCheckpoint(config, weights), shape)
  return g.build()
}

/** The state dict's root. @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function controlNetCheckpoint(config: ControlNetConfig, weights: Weights): WeightPath {
  return checkpoint(weights, controlNetWeightShapes(config))
}

/** Every weight of a configuration: key → shape. */
export function controlNetWeightShapes(config: ControlNetConfig): WeightShapes {
  const side = 2 ** (config.unet.blocks.length - 1)
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  return recordWeightShapes(p => controlNet(g, config, p, { batch: 1, height: side, width: side, sequenceLength: 1 }))
}

/** Pixels of the picture that it is shown, a latent. */
export function conditioningFactor({ conditioningEmbedding }: ControlNetConfig): number {
  return 2 ** (conditioningEmbedding.length - 1)
}

/** The whole network: its inputs, what it tells, its outputs. */
function controlNet(g: Layers, config: ControlNetConfig, p: WeightPath, shape: ControlNetShape): void {
  const { unet, conditioningChannels } = config
  const { batch, height, width, sequenceLength } = shape
  const factor = conditioningFactor(config)
  const residuals = controlResiduals(g, config, p, {
    sample: g.input('sample', [batch, unet.inChannels, height, width]),
    text: g.input('encoder_hidden_states', [batch, sequenceLength, unet.crossAttentionDim]),
    timestep: g.graph.input('timestep', 'float32', [1]),
    picture: g.input('controlnet_cond', [batch, conditioningChannels, height * factor, width * factor]),
    scales: g.input('scales', [residualShapes(unet, shape).length]),
  })
  for (const [i, residual] of residuals.slice(0, -1).entries()) g.output(`down_${i}`, residual)
  g.output('mid', residuals[residuals.length - 1])
}

export interface ControlInputs {
  sample: Value
  text: Value
  timestep: Value
  /** of each batch item; or with `rows`, of which picture each item has */
  picture: Value
  rows?: readonly number[]
  /** one for each residual, [n] */
  scales: Value
}

/**
 * What a ControlNet tells, of the shapes `residualShapes`.
 * @param isFirstAlone of the first skip connection alone, which takes two convolutions beside those that look at the picture
 */
export function controlResiduals(
  g: Layers,
  config: ControlNetConfig,
  p: WeightPath,
  { sample, text, timestep, picture, rows, scales }: ControlInputs,
  isFirstAlone = false,
): Value[] {
  const { unet } = config
  const embedding = conditioning(g, config, picture, p.at('controlnet_cond_embedding'))
  let x = g.conv2d(sample, p.at('conv_in'), unet.blocks[0].channels)
  x = g.add(x, rows ? items(g, embedding, rows) : embedding)
  const scale = g.split(scales, Array(scales.shape[0]).fill(1), 0)
  const told = (value: Value, at: WeightPath, i: number) =>
    pooled(g, config, g.mul(g.conv2d(value, at, value.shape[1], { kernel: 1 }), scale[i]))
  const zeroConvolutions = p.at('controlnet_down_blocks')
  if (isFirstAlone) return [told(x, zeroConvolutions.at(0), 0)]

  const network = {
    g,
    config: unet,
    text,
    time: timeEmbedding(g, unet, p.at('time_embedding'), timestep),
    isDeep: true,
  }
  const skips = [x]
  for (const [i, block] of unet.blocks.entries())
    x = downBlock(network, x, skips, p.at('down_blocks', i), block, i < unet.blocks.length - 1)
  x = midBlock(network, x, p.at('mid_block'))
  return [
    ...skips.map((skip, i) => told(skip, zeroConvolutions.at(i), i)),
    told(x, p.at('controlnet_mid_block'), skips.length),
  ]
}

/** diffusers `ControlNetConditioningEmbedding`. */
function conditioning(g: Layers, config: ControlNetConfig, picture: Value, p: WeightPath): Value {
  const { unet, conditioningEmbedding: channels } = config
  const act = (value: Value) => g.activation('silu', value)
  const bgr = () => g.concat(g.split(picture, Array(config.conditioningChannels).fill(1), 1).toReversed(), 1)
  let x = act(g.conv2d(config.channelOrder === 'bgr' ? bgr() : picture, p.at('conv_in'), channels[0]))
  for (const [i, count] of channels.slice(1).entries()) {
    x = act(g.conv2d(x, p.at('blocks', 2 * i), channels[i]))
    x = act(g.conv2d(x, p.at('blocks', 2 * i + 1), count, { stride: 2 }))
  }
  return g.conv2d(x, p.at('conv_out'), unet.blocks[0].channels)
}

/** Of the first dimension, in this order: one may come several times. */
function items(g: Layers, x: Value, rows: readonly number[]): Value {
  const shape = [rows.length, ...x.shape.slice(1)]
  return g.node('Gather', [x, g.graph.constant('int64', rows)], shape, { attributes: { axis: 0 } })
}

/** Each channel's mean, spread over the picture, where the configuration asks for it. */
function pooled(g: Layers, { globalPoolConditions }: ControlNetConfig, x: Value): Value {
  if (!globalPoolConditions) return x
  const mean = g.node('GlobalAveragePool', [x], [x.shape[0], x.shape[1], 1, 1])
  return g.node('Expand', [mean, g.graph.constant('int64', x.shape)], x.shape)
}
