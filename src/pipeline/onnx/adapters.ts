import { elementCount } from '../tensor.js'
import type { WeightTensor } from '../weights/safetensors.js'
import type { Value } from './graph.js'
import type { ConvOptions, Layers } from './layers.js'
import { isIn4Bits } from './quantized.js'
import type { WeightPath } from './weightPath.js'

/**
 * What an adapter changes in the weight W of a layer, [out, in] or [out, in, k, k], at scale 1.
 * `lora`: up · down, of a convolution also with a smaller one between two of 1×1. Hu et al. 2021. `loha`: first ⊙ second; `lokr`: first ⊗ second.
 * Yeh et al. 2023.
 */
export type Delta =
  | { kind: 'lora'; down: WeightTensor; up: WeightTensor; mid?: WeightTensor }
  | { kind: 'loha'; first: Product; second: Product }
  | { kind: 'lokr'; first: WeightTensor | Product; second: WeightTensor | Product }

/** a · b, of [out, r] and [r, in]; or of a convolution Tucker's Σ core[i, j] · a[i, out] · b[j, in], with core [r, r, k, k]. */
export interface Product {
  a: WeightTensor
  b: WeightTensor
  core?: WeightTensor | undefined
}

/** A delta with what it is multiplied by: a number, or the place in the input `adapter_scales`, so that a change of scale keeps the session. */
export interface ScaledDelta {
  /** of the adapter and the layer: what names the delta's tensors in a graph */
  key: string
  delta: Delta
  scale: { fixed: number } | { input: number }
}

/** The deltas of a network's layers. */
export interface LayerAdapters {
  /** by path of the layer, as WeightPath has it */
  layers: ReadonlyMap<string, readonly ScaledDelta[]>
  /** length of the input `adapter_scales`, float32, of which the last is always 1 */
  scales: number
}

/**
 * y = x · Wᵀ, or of `rows` of W, with what the adapters of the layer add beside it.
 * @param shape of W, [out, in]
 */
export function besideLinear(
  g: Layers,
  y: Value,
  x: Value,
  p: WeightPath,
  shape: readonly [number, number],
  rows?: readonly [number, number],
): Value {
  for (const { key, delta, scale } of adaptersOf(g, p, shape).beside) {
    if (delta.kind !== 'lora') {
      const weight = g.reshape(deltaOf(g, key, delta, scale, rows), [rows ? rows[1] - rows[0] : shape[0], shape[1]])
      y = g.add(y, g.product(x, g.cast(weight, g.precision)))
      continue
    }
    const down = stored(g, `${key}.down`, delta.down, [delta.down.shape[0], shape[1]])
    const up = stored(g, `${key}.up`, delta.up, delta.up.shape.slice(0, 2), rows)
    const low = g.mul(g.product(x, g.cast(down, g.precision)), g.cast(scaleOf(g, scale), g.precision))
    y = g.add(y, g.product(low, g.cast(up, g.precision)))
  }
  return y
}

/**
 * A convolution's result with what the adapters of the layer add beside it.
 * @param shape of its weight, [out, in, kernel, kernel]
 */
export function besideConv(
  g: Layers,
  y: Value,
  x: Value,
  p: WeightPath,
  shape: readonly number[],
  options: ConvOptions,
): Value {
  for (const { key, delta, scale } of adaptersOf(g, p, shape).beside) {
    if (delta.kind !== 'lora') throw new RangeError('the weights of convolutions are never in 4 bits')
    const weight = (name: 'down' | 'mid' | 'up', tensor: WeightTensor) =>
      g.cast(stored(g, `${key}.${name}`, tensor, tensor.shape), g.precision)
    const { down, mid } = delta
    const low = mid
      ? g.convolution(
          g.convolution(x, weight('down', down), undefined, { kernel: 1 }),
          weight('mid', mid),
          undefined,
          options,
        )
      : g.convolution(x, weight('down', down), undefined, options)
    const scaled = g.mul(low, g.cast(scaleOf(g, scale), g.precision))
    y = g.add(y, g.convolution(scaled, weight('up', delta.up), undefined, { kernel: 1 }))
  }
  return y
}

/**
 * A weight, or `rows` of it, with the deltas that are not computed beside it. In float32: onnxruntime folds nothing in half precision.
 * @param shape of the whole weight
 */
export function withDeltas(
  g: Layers,
  weight: Value,
  p: WeightPath,
  shape: readonly number[],
  rows?: readonly [number, number],
): Value {
  for (const { key, delta, scale } of adaptersOf(g, p, shape).within)
    weight = g.add(g.cast(weight, 'float32'), g.reshape(deltaOf(g, key, delta, scale, rows), weight.shape))
  return weight
}

/** Whether `withDeltas` gives another weight. */
export function changesWeight(g: Layers, p: WeightPath, shape: readonly number[]): boolean {
  return adaptersOf(g, p, shape).within.length > 0
}

/**
 * The adapters of a layer: those that are computed beside it, and those that become part of its weight, which are the ones of a fixed scale, which
 * onnxruntime folds into the weight while it loads, and those that are no product of two. What is quantized has no room for a sum:
 * there a LoRA stays beside it at any scale, and beside 4 bits, which are never made whole, all do.
 */
function adaptersOf(g: Layers, p: WeightPath, shape: readonly number[]): Record<'beside' | 'within', ScaledDelta[]> {
  const all = g.options.adapters?.layers.get(p.path) ?? []
  if (all.length === 0) return { beside: [], within: [] }
  const isQuantized = p.take('weight', shape).tensor.quantized !== undefined
  const in4Bits = isIn4Bits(p, shape)
  const isBeside = ({ delta, scale }: ScaledDelta) =>
    in4Bits || (delta.kind === 'lora' && ('input' in scale || isQuantized))
  return { beside: all.filter(isBeside), within: all.filter(one => !isBeside(one)) }
}

/** @returns in float32, as many numbers as the weight, or its rows, holds */
function deltaOf(
  g: Layers,
  key: string,
  delta: Delta,
  scale: ScaledDelta['scale'],
  rows?: readonly [number, number],
): Value {
  const matrix = (name: string, tensor: WeightTensor, rows?: readonly [number, number]) =>
    g.cast(
      stored(g, `${key}.${name}`, tensor, [tensor.shape[0], elementCount(tensor.shape) / tensor.shape[0]], rows),
      'float32',
    )
  const product = (name: string, { a, b, core }: Product, by?: Value, rows?: readonly [number, number]) => {
    const left = core ? g.transpose(matrix(`${name}a`, a), [1, 0]) : matrix(`${name}a`, a, rows)
    const scaled = by ? g.mul(left, by) : left
    return core
      ? tucker(g, scaled, g.cast(stored(g, `${key}.${name}core`, core, core.shape), 'float32'), matrix(`${name}b`, b))
      : g.matMul(scaled, matrix(`${name}b`, b))
  }
  const by = scaleOf(g, scale)
  switch (delta.kind) {
    case 'lora': {
      const [up, down] = [g.mul(matrix('up', delta.up, rows), by), matrix('down', delta.down)]
      if (!delta.mid) return g.matMul(up, down)
      return tucker(g, up, g.cast(stored(g, `${key}.mid`, delta.mid, delta.mid.shape), 'float32'), down)
    }
    case 'loha':
      return g.mul(product('first', delta.first, by, rows), product('second', delta.second, unfolding(g, scale), rows))
    case 'lokr': {
      const factor = (name: string, one: WeightTensor | Product) =>
        'a' in one ? product(name, one) : matrix(name, one)
      const [first, second] = [factor('first', delta.first), factor('second', delta.second)]
      const whole = kronecker(g, g.mul(first, by), second)
      if (!rows) return whole
      const out = first.shape[0] * second.shape[0]
      return g.slice(g.reshape(whole, [out, elementCount(whole.shape) / out]), 0, ...rows)
    }
  }
}

/** Σ core[i, j] · a[out, i] · b[j, in]. @param core [i, j, k, k] @returns [out, in · k · k] */
function tucker(g: Layers, a: Value, core: Value, b: Value): Value {
  const [i, j, ...kernel] = core.shape
  const [out, into, places] = [a.shape[0], b.shape[1], elementCount(kernel)]
  const left = g.reshape(g.matMul(a, g.reshape(core, [i, j * places])), [out, j, places])
  const both = g.matMul(g.transpose(left, [0, 2, 1]), b)
  return g.reshape(g.transpose(both, [0, 2, 1]), [out, into * places])
}

/** A ⊗ B; the kernel of a convolution stays beside B's columns. */
function kronecker(g: Layers, a: Value, b: Value): Value {
  const [rows, columns] = a.shape
  return g.mul(g.reshape(a, [rows, 1, columns, 1]), g.reshape(b, [1, b.shape[0], 1, b.shape[1]]))
}

/** 1 from an input: onnxruntime would otherwise hold the product of two constants, as large as the weight. */
function unfolding(g: Layers, scale: ScaledDelta['scale']): Value | undefined {
  return 'fixed' in scale ? undefined : scaleOf(g, { input: g.options.adapters!.scales - 1 })
}

/** float32, [] */
function scaleOf(g: Layers, scale: ScaledDelta['scale']): Value {
  if ('fixed' in scale) return g.graph.constant('float32', [scale.fixed], [])
  return g.node('Gather', [g.adapterScales!, g.graph.constant('int64', [scale.input], [])], [])
}

/** A tensor of an adapter's file, where it lies, in another shape of the same numbers. */
function stored(
  g: Layers,
  key: string,
  tensor: WeightTensor,
  shape: readonly number[],
  rows?: readonly [number, number],
): Value {
  return g.graph.external(`${key} ${shape.length}`, { ...tensor, shape: [...shape] }, rows)
}
