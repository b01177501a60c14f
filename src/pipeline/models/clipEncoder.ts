import type { Value } from '../onnx/graph.js'
import type { Activation, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'

/** What CLIP's two towers, text and vision, are alike in. */
export interface ClipEncoderConfig {
  hiddenSize: number
  intermediateSize: number
  numHiddenLayers: number
  numAttentionHeads: number
  activation: Activation
  eps: number
}

/** transformers `CLIPEncoderLayer`. @param mask added to the scores, where there is one */
export function clipEncoderLayer(g: Layers, config: ClipEncoderConfig, x: Value, p: WeightPath, mask?: Value): Value {
  x = g.add(x, selfAttention(g, config, g.layerNorm(x, p.at('layer_norm1'), config.eps), p.at('self_attn'), mask))
  return g.add(x, mlp(g, config, g.layerNorm(x, p.at('layer_norm2'), config.eps), p.at('mlp')))
}

function selfAttention(g: Layers, config: ClipEncoderConfig, x: Value, p: WeightPath, mask?: Value): Value {
  const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map(name => g.linear(x, p.at(name), config.hiddenSize))
  const h = g.attention(q, k, v, { heads: config.numAttentionHeads, mask })
  return g.linear(h, p.at('out_proj'), config.hiddenSize)
}

function mlp(g: Layers, config: ClipEncoderConfig, x: Value, p: WeightPath): Value {
  const h = g.activation(config.activation, g.linear(x, p.at('fc1'), config.intermediateSize))
  return g.linear(h, p.at('fc2'), config.hiddenSize)
}
