import type { Attribute, Value } from './graph.js'
import type { GroupNormOptions, Layers } from './layers.js'
import type { Operators } from './operators.js'
import type { WeightPath } from './weightPath.js'

/**
 * Images with their channels last, as torch's memory format `channels_last` has them: they lie as [batch, height, width, channels], and a value's
 * `shape` is [batch, channels, height, width] all the same. So onnxruntime's CUDA kernels for diffusion want them; what knows nothing of it gets
 * an image in the order of its shape.
 * @see https://github.com/microsoft/onnxruntime/tree/main/onnxruntime/contrib_ops/cuda/diffusion
 */

/** Dimensions of [batch, channels, height, width] in the order in which they lie. */
export const inNhwc = ([batch, channels, height, width]: readonly number[]) => [batch, height, width, channels]

/** What lies as [batch, height, width, channels], as an image. */
export function imageOf(lying: Value): Value {
  const [batch, height, width, channels] = lying.shape
  return { ...lying, shape: [batch, channels, height, width], channelsLast: true }
}

/** A value by the shape in which it lies, as nodes take it. */
export function asItLies(x: Value): Value {
  return x.channelsLast ? { name: x.name, dtype: x.dtype, shape: inNhwc(x.shape) } : x
}

/** A value that lies as its shape says. */
export function toNchw(g: Operators, x: Value): Value {
  return x.channelsLast ? g.transpose(asItLies(x), [0, 3, 1, 2]) : x
}

/** An image, or what is broadcast to one, with its channels last. */
export function toNhwc(g: Operators, x: Value): Value {
  if (x.channelsLast) return x
  const shape = [1, 1, 1, 1, ...x.shape].slice(-4)
  const [, channels, height, width] = shape
  const isInOrder = channels === 1 || height * width === 1
  return imageOf(isInOrder ? g.reshape(x, inNhwc(shape)) : g.transpose(g.reshape(x, shape), [0, 2, 3, 1]))
}

/**
 * torch.nn.Conv2d. A filter of one pixel is a product; of others the channels lie last, too: onnxruntime folds their Transpose while it loads.
 * @param weight [channels, in, kernel, kernel], as torch stores it
 * @param shape of the result, [batch, channels, height, width]
 * @param attributes of ONNX's Conv
 */
export function convNhwc(
  g: Layers,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  shape: readonly number[],
  attributes: Record<'kernel_shape' | 'strides' | 'pads', readonly number[]>,
): Value {
  const [channels, inputs, kernel] = weight.shape
  const { strides, pads } = attributes
  const image = asItLies(toNhwc(g, x))
  if (kernel === 1 && strides[0] === 1 && pads.every(pad => pad === 0))
    return imageOf(g.product(image, g.reshape(weight, [channels, inputs]), bias))
  const filters = g.transpose(weight, [0, 2, 3, 1])
  // kernels of cuDNN that pad one side more than the other are few
  const isLopsided = pads[0] !== pads[2] || pads[1] !== pads[3]
  const inputsOf = (image: Value) => [image, filters, ...(bias ? [bias] : [])]
  return isLopsided
    ? fused(g, 'NhwcConv', inputsOf(padded(g, image, pads)), shape, { ...attributes, pads: [0, 0, 0, 0] })
    : fused(g, 'NhwcConv', inputsOf(image), shape, attributes)
}

/** What its kernel takes: two channels a thread, a group in a block, places that 31 bits count. */
export function hasGroupNorm([, channels, height, width]: readonly number[], groups: number): boolean {
  const perGroup = channels / groups
  return perGroup % 2 === 0 && perGroup <= 512 && channels * height * width < 2 ** 31
}

/** torch.nn.GroupNorm in one kernel, with what is added before it and a SiLU after it; it sums in float32. */
export function groupNormNhwc(
  g: Layers,
  x: Value,
  p: WeightPath,
  { groups, eps, activation, plus }: GroupNormOptions,
): Value {
  const [batch, channels] = x.shape
  const perChannel = (name: string) => {
    const { key, tensor } = p.take(name, [channels])
    return g.cast(g.graph.external(key, tensor), 'float32')
  }
  const inputs = [asItLies(toNhwc(g, x)), perChannel('weight'), perChannel('bias')]
  const isSilu = activation === 'silu' || activation === 'swish'
  const attributes = { epsilon: { float: eps }, groups, activation: isSilu ? 1 : 0, channels_last: 1 }
  const y = plus
    ? fused(g, 'SkipGroupNorm', [...inputs, ofEach(g, plus, [batch, channels])], x.shape, attributes)
    : fused(g, 'GroupNorm', inputs, x.shape, attributes)
  return activation && !isSilu ? g.activation(activation, y) : y
}

/** @param shape of the result, [batch, channels, height, width] */
function fused(
  g: Layers,
  type: string,
  inputs: readonly Value[],
  shape: readonly number[],
  attributes: Record<string, Attribute>,
): Value {
  return imageOf(g.node(type, inputs, inNhwc(shape), { attributes, domain: 'com.microsoft' }))
}

/**
 * With rows and columns of zeros around it: onnxruntime has no CUDA kernel for the Pad of opset 19 and 20 (docs/OperatorKernels.md).
 * @param image as it lies
 * @param pads [top, left, bottom, right]
 */
function padded(g: Layers, image: Value, [top, left, bottom, right]: readonly number[]): Value {
  const along = (x: Value, axis: number, before: number, after: number) => {
    const zeros = (count: number) => (count > 0 ? [zeroed(g, x.shape.with(axis, count))] : [])
    return g.concat([...zeros(before), x, ...zeros(after)], axis)
  }
  return along(along(image, 1, top, bottom), 2, left, right)
}

/** Zeros in the network's precision. */
function zeroed(g: Layers, shape: readonly number[]): Value {
  const zero = g.cast(g.graph.constant('float32', [0], []), g.precision)
  return g.node('Expand', [zero, g.graph.constant('int64', shape)], shape)
}

/** Items of zeros before those of a batch. */
export function afterZerosNhwc(g: Layers, x: Value, count: number): Value {
  const [, ...rest] = asItLies(toNhwc(g, x)).shape
  return g.concat([imageOf(zeroed(g, [count, ...rest])), x], 0)
}

/** The same for each item of the batch. @param x [1, channels, 1, 1] */
function ofEach(g: Layers, x: Value, [batch, channels]: readonly [number, number]): Value {
  const one = g.reshape(x, [1, channels])
  return g.node('Expand', [one, g.graph.constant('int64', [batch, channels])], [batch, channels])
}
