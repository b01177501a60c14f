import type { Value } from '../onnx/graph.js'
import type { Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'

export interface TransformerOptions {
  layers: number
  heads: number
  groups: number
  linearProjection: boolean
  onlyCrossAttention: boolean
  upcastAttention: boolean
}

/** diffusers `Transformer2DModel` on images: pixels become a sequence, and an image again. Rombach et al. 2022, section 3.3. */
export function transformer2d(g: Layers, x: Value, text: Value, p: WeightPath, options: TransformerOptions): Value {
  const [, channels, height, width] = x.shape
  const inner = options.heads * Math.floor(channels / options.heads)

  let h = g.groupNorm(x, p.at('norm'), { groups: options.groups, eps: 1e-6 })
  h = options.linearProjection
    ? g.linear(g.pixels(h), p.at('proj_in'), inner)
    : g.pixels(g.conv2d(h, p.at('proj_in'), inner, { kernel: 1 }))
  for (let i = 0; i < options.layers; i++) h = transformerBlock(g, h, text, p.at('transformer_blocks', i), options)
  h = options.linearProjection
    ? g.image(g.linear(h, p.at('proj_out'), channels), height, width)
    : g.conv2d(g.image(h, height, width), p.at('proj_out'), channels, { kernel: 1 })
  return g.add(h, x)
}

/** diffusers `BasicTransformerBlock`. */
function transformerBlock(g: Layers, x: Value, text: Value, p: WeightPath, options: TransformerOptions): Value {
  const norm = (name: string) => g.layerNorm(x, p.at(name), 1e-5)
  const context = options.onlyCrossAttention ? text : undefined
  x = g.add(crossAttention(g, norm('norm1'), p.at('attn1'), options, context), x)
  x = g.add(crossAttention(g, norm('norm2'), p.at('attn2'), options, text), x)
  return g.add(feedForward(g, norm('norm3'), p.at('ff')), x)
}

/** Attention to `context`, or to the sequence itself. */
function crossAttention(g: Layers, x: Value, p: WeightPath, options: TransformerOptions, context = x): Value {
  const channels = x.shape[2]
  const own = { bias: false, int8: true }
  const other = { bias: false, int8: context === x }
  const q = g.linear(x, p.at('to_q'), channels, own)
  const k = g.linear(context, p.at('to_k'), channels, other)
  const v = g.linear(context, p.at('to_v'), channels, other)
  const h = g.attention(q, k, v, { heads: options.heads, upcast: options.upcastAttention })
  return g.linear(h, p.at('to_out', 0), channels, { int8: true })
}

/** Its second layer alone costs more in 8 bits than all others: what a GEGLU gives has values far from the rest. */
function feedForward(g: Layers, x: Value, p: WeightPath): Value {
  const channels = x.shape[2]
  return g.linear(g.geglu(x, p.at('net', 0, 'proj'), 4 * channels), p.at('net', 2), channels)
}
