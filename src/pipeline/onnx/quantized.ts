import { DeviceUnavailableError } from '../errors.js'
import { blockSize, type Quantization, type QuantizedWeight } from '../weights/quantizedWeights.js'
import type { Value } from './graph.js'
import type { LayerOptions, Layers } from './layers.js'
import type { WeightPath } from './weightPath.js'

/** Of the devices, those that have an operator for it. @throws DeviceUnavailableError naming them */
export function checkQuantization(quantization: Quantization, device: LayerOptions['provider']): void {
  if (quantization === 'int8' || device === 'cpu' || device === 'cuda') return
  throw new DeviceUnavailableError(
    `${device} has no operator for weights in 4 bits: '${quantization}' runs on cpu and cuda, 'int8' on every device`,
  )
}

/** A weight from its 8 bits, made whole for as long as the layer that takes it runs. @param rows as in `Layers.weight` */
export function dequantized(
  g: Layers,
  key: string,
  { codes, scale }: QuantizedWeight,
  rows?: readonly [number, number],
): Value {
  const bytes = g.graph.external(`${key}.codes`, codes, rows)
  const scales = g.cast(g.graph.external(`${key}.scale`, scale, rows), g.precision)
  return g.node('DequantizeLinear', [bytes, scales], bytes.shape, { attributes: { axis: 0 }, dtype: g.precision })
}

/** Whether a linear layer's weight, [features, in], is in 4 bits. */
export function isIn4Bits(p: WeightPath, shape: readonly number[]): boolean {
  const { quantized } = p.take('weight', shape).tensor
  return quantized !== undefined && quantized.type !== 'int8'
}

/** A linear layer of weights in 4 bits. @param shape [features, in] */
export function linear4Bit(
  g: Layers,
  x: Value,
  p: WeightPath,
  [features, inputs]: readonly [number, number],
  bias?: Value,
): Value {
  const { key, tensor } = p.take('weight', [features, inputs])
  const quantized = tensor.quantized!
  checkQuantization(quantized.type, g.options.provider)
  const codes = g.graph.external(`${key}.codes`, quantized.codes)
  const scale = g.cast(g.graph.external(`${key}.scale`, quantized.scale), g.precision)
  const attributes = { K: inputs, N: features, block_size: blockSize, quant_type: quantized.type === 'nf4' ? 1 : 0 }
  const y = g.node('MatMulBnb4', [x, codes, scale], [...x.shape.slice(0, -1), features], {
    attributes,
    domain: 'com.microsoft',
  })
  return bias ? g.add(y, bias) : y
}
