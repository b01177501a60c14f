import type { Value } from '../onnx/graph.js'
import type { LayerOptions, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { ClipVisionConfig } from './clipConfig.js'
import { clipEncoderLayer } from './clipEncoder.js'

/**
 * transformers `CLIPVisionModel`: pictures → the state of the class token, after the final norm, [1, hiddenSize].
 * @param pixels [1, channels, imageSize, imageSize], as the image processor makes them
 * @see Radford et al. 2021, section 2.4; Dosovitskiy et al. 2020
 */
export function clipVision(g: Layers, config: ClipVisionConfig, pixels: Value, p: WeightPath): Value {
  let x = embed(g, config, pixels, p.at('embeddings'))
  x = g.layerNorm(x, p.at('pre_layrnorm'), config.eps)
  for (let i = 0; i < config.numHiddenLayers; i++) x = clipEncoderLayer(g, config, x, p.at('encoder', 'layers', i))
  const [classToken] = g.split(x, [1, x.shape[1] - 1], 1)
  return g.layerNorm(g.reshape(classToken, [1, config.hiddenSize]), p.at('post_layernorm'), config.eps)
}

/** Slices are for the U-Net. */
export function visionOptions(options: LayerOptions): LayerOptions {
  return options.attention.kind === 'sliced' ? { ...options, attention: { kind: 'fused' } } : options
}

/** A token a patch, the class token before them. */
function embed(g: Layers, config: ClipVisionConfig, pixels: Value, p: WeightPath): Value {
  const { hiddenSize, patchSize } = config
  const patch = { kernel: patchSize, stride: patchSize, padding: 0, bias: false }
  const grid = g.conv2d(pixels, p.at('patch_embedding'), hiddenSize, patch)
  const sequence = g.pixels(grid)
  const classToken = g.reshape(g.weight(p, 'class_embedding', [hiddenSize]), [1, 1, hiddenSize])
  const positions = g.weight(p.at('position_embedding'), 'weight', [sequence.shape[1] + 1, hiddenSize])
  return g.add(g.concat([classToken, sequence], 1), positions)
}
