import type { Value } from './graph.js'
import type { Layers } from './layers.js'
import type { WeightPath } from './weightPath.js'

/**
 * torch.nn.Linear in 8-bit integers: the values of `x` with one scale, found as it runs, the weights with one a feature.
 * Takes `weight.int8`, [in, features], and `weight.scale`, [features], for `weight`.
 * @see Jacob et al. 2018; onnxruntime's DynamicQuantizeMatMul
 */
export function linearInt8(g: Layers, x: Value, p: WeightPath, features: number, bias: Value | undefined): Value {
  const { weight, scale } = weightInt8(g, p, [x.shape.at(-1)!, features])
  const inputs = [x, weight, scale, ...(bias ? [undefined, bias] : [])]
  const shape = [...x.shape.slice(0, -1), features]
  return g.node('DynamicQuantizeMatMul', inputs, shape, { domain: 'com.microsoft' })
}

/**
 * torch.nn.Conv2d, 3×3, stride 1, in 8-bit integers, as one product: a row of the left side is a pixel's neighbourhood, so the picture is
 * laid side by side nine times, each time moved by one. Takes `weight.int8`, [9 · in, channels], rows and columns of the
 * kernel before the channels, and `weight.scale`, [channels]. onnxruntime's own kernels either want the range of the result
 * beforehand (QLinearConv) or are no faster than float32 (ConvInteger).
 */
export function conv3x3Int8(g: Layers, x: Value, p: WeightPath, channels: number, bias: Value | undefined): Value {
  const [batch, inputs, height, width] = x.shape
  const [bytes, scale, zero] = quantized(g, x)
  const padded = pad(g, g.transpose(bytes, [0, 2, 3, 1]), zero)
  const moved = [0, 1, 2].flatMap(row => {
    const rows = g.slice(padded, 1, row, row + height)
    return [0, 1, 2].map(column => g.slice(rows, 2, column, column + width))
  })
  const pixels = batch * height * width
  const neighbourhoods = g.reshape(g.concat(moved, 3), [pixels, 9 * inputs])
  const { weight, scale: weightScale } = weightInt8(g, p, [9 * inputs, channels])
  const operands = [neighbourhoods, weight, scale, weightScale, zero, ...(bias ? [undefined, bias] : [])]
  const y = g.node('MatMulIntegerToFloat', operands, [pixels, channels], { domain: 'com.microsoft', dtype: 'float32' })
  return g.transpose(g.reshape(y, [batch, height, width, channels]), [0, 3, 1, 2])
}

function weightInt8(g: Layers, p: WeightPath, shape: [inputs: number, outputs: number]) {
  const external = (name: string, dims: number[]) => {
    const { key, tensor } = p.take(name, dims)
    return g.graph.external(key, tensor)
  }
  return { weight: external('weight.int8', shape), scale: external('weight.scale', [shape[1]]) }
}

/** x ≈ scale · (bytes − zero), the range of x spread over 0 … 255. */
function quantized(g: Layers, x: Value): [bytes: Value, scale: Value, zero: Value] {
  const dtype = ['uint8', 'float32', 'uint8'] as const
  const [bytes, scale, zero] = g.graph.nodes('DynamicQuantizeLinear', [x], [x.shape, [], []], { dtype })
  return [bytes, scale, zero]
}

/** By one pixel on each side, NHWC. */
function pad(g: Layers, x: Value, value: Value): Value {
  const [batch, height, width, channels] = x.shape
  const pads = g.graph.constant('int64', [0, 1, 1, 0, 0, 1, 1, 0])
  return g.node('Pad', [x, pads, value], [batch, height + 2, width + 2, channels])
}
