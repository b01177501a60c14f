import type { ModelGraph, Value } from '../onnx/graph.js'
import { type LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { Weights } from '../weights/safetensors.js'
import { checkpoint, recordWeightShapes } from './checkpoint.js'
import type { TinyVaeConfig } from './tinyVaeConfig.js'

export { parseTinyVaeConfig, type TinyVaeConfig } from './tinyVaeConfig.js'

export interface TinyVaeShape {
  batch: number
  /** of the input: latents for the decoder, the picture for the encoder */
  height: number
  width: number
}

/**
 * diffusers `AutoencoderTiny.decode` for one shape, a stack of convolutions without norms or attention.
 * Input `latents`, float32 [batch, latentChannels, height, width]. Output `sample`, float32 [batch, outChannels, height·f, width·f]
 * with f = 2^(stages − 1): −1…1 and a little beyond.
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 * @see Bohan 2023, TAESD
 */
export function tinyVaeDecoderGraph(
  config: TinyVaeConfig,
  weights: Weights,
  shape: TinyVaeShape,
  options: LayerOptions,
): ModelGraph {
  const g = new Layers(options)
  decode(g, config, tinyVaeCheckpoint(config, weights), shape)
  return g.build()
}

/**
 * diffusers `AutoencoderTiny.encode` for one shape.
 * Input `sample`, float32 [batch, inChannels, height, width] of the picture, −1…1. Output `latents`, float32
 * [batch, latentChannels, height/f, width/f].
 * @throws CorruptWeightsError  when the weights are not exactly those that the configuration asks for
 */
export function tinyVaeEncoderGraph(
  config: TinyVaeConfig,
  weights: Weights,
  shape: TinyVaeShape,
  options: LayerOptions,
): ModelGraph {
  const g = new Layers(options)
  encode(g, config, tinyVaeCheckpoint(config, weights), shape)
  return g.build()
}

/** The state dict's root. @throws CorruptWeightsError when the weights are not exactly those that the configuration asks for */
export function tinyVaeCheckpoint(config: TinyVaeConfig, weights: Weights): WeightPath {
  const side = 2 ** (config.encoderBlocks.length - 1)
  const shapes = recordWeightShapes(p => {
    for (const build of [encode, decode]) {
      const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
      build(g, config, p, { batch: 1, height: side, width: side })
    }
  })
  return checkpoint(weights, shapes)
}

/** diffusers `DecoderTiny`; far latents are brought near first. */
function decode(g: Layers, config: TinyVaeConfig, root: WeightPath, { batch, height, width }: TinyVaeShape): void {
  const { decoderChannels: channels, decoderBlocks, activation } = config
  const latents = g.input('latents', [batch, config.latentChannels, height, width])
  const next = numbered(root.at('decoder', 'layers'))

  let x = g.scale(g.unary('Tanh', g.scale(latents, 1 / 3)), 3)
  x = g.activation(activation, g.conv2d(x, next(), channels))
  next() // the activation has a number, too
  for (const [i, count] of decoderBlocks.entries()) {
    for (let n = 0; n < count; n++) x = block(g, config, x, next())
    if (i === decoderBlocks.length - 1) x = g.conv2d(x, next(), config.outChannels)
    else {
      next() // and so has the upsampling
      x = g.conv2d(g.upsample(x, 2 * x.shape[2], 2 * x.shape[3]), next(), channels, { bias: false })
    }
  }
  g.output('sample', g.shift(g.scale(x, 2), -1))
}

/** diffusers `EncoderTiny`. */
function encode(g: Layers, config: TinyVaeConfig, root: WeightPath, { batch, height, width }: TinyVaeShape): void {
  const { encoderChannels: channels, encoderBlocks } = config
  const sample = g.input('sample', [batch, config.inChannels, height, width])
  const next = numbered(root.at('encoder', 'layers'))

  let x = g.scale(g.shift(sample, 1), 1 / 2)
  for (const [i, count] of encoderBlocks.entries()) {
    x = g.conv2d(x, next(), channels, i === 0 ? {} : { stride: 2, bias: false })
    for (let n = 0; n < count; n++) x = block(g, config, x, next())
  }
  g.output('latents', g.conv2d(x, next(), config.latentChannels))
}

/** diffusers `AutoencoderTinyBlock`: its last activation is ReLU whatever `act_fn` says. */
function block(g: Layers, { activation }: TinyVaeConfig, x: Value, p: WeightPath): Value {
  const channels = x.shape[1]
  let h = g.activation(activation, g.conv2d(x, p.at('conv', 0), channels))
  h = g.activation(activation, g.conv2d(h, p.at('conv', 2), channels))
  return g.activation('relu', g.add(g.conv2d(h, p.at('conv', 4), channels), x))
}

/** The items of a torch.nn.Sequential, one after the other. */
function numbered(p: WeightPath): () => WeightPath {
  let i = 0
  return () => p.at(i++)
}
