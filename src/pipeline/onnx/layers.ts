import { elementCount } from '../tensor.js'
import { besideConv, besideLinear, changesWeight, type LayerAdapters, withDeltas } from './adapters.js'
import { type Attention, attention } from './attention.js'
import type { ModelGraph, Value } from './graph.js'
import { conv3x3Int8, linearInt8 } from './int8.js'
import { afterZerosNhwc, asItLies, convNhwc, groupNormNhwc, hasGroupNorm, imageOf, inNhwc, toNchw } from './nhwc.js'
import { Operators } from './operators.js'
import { dequantized, isIn4Bits, linear4Bit } from './quantized.js'
import type { WeightPath } from './weightPath.js'
import { conv3x3Winograd, winogradTile } from './winograd.js'

export type { Attention }

export interface LayerOptions {
  provider: 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'
  attention: Attention
  /**
   * What the network computes in, float32 when left out; its inputs and outputs stay float32. Half precision is for cuda
   * and dml: the CPU has hardly a kernel for it, and not every WebGPU adapter knows it.
   */
  precision?: 'float32' | 'float16'
  /** what is added to the weights of some layers; with scales there is an input `adapter_scales` */
  adapters?: LayerAdapters
}

/** torch's names of activations, those of diffusers' `get_activation` and transformers' `ACT2FN` that are run here. */
export const activations = ['silu', 'swish', 'mish', 'gelu', 'relu', 'quick_gelu'] as const
export type Activation = (typeof activations)[number]

export interface ConvOptions {
  kernel?: number
  stride?: number
  /** one number, or [top, left, bottom, right]; half the kernel when left out */
  padding?: number | readonly [number, number, number, number]
  /** it is 3×3 of stride 1 and bears 8-bit integers, where there are weights of them */
  int8?: boolean
  /** whether it has one (`true`) */
  bias?: boolean
}

export interface GroupNormOptions {
  groups: number
  eps: number
  /** after it */
  activation?: Activation
  /** added to the image before it, [1, channels, 1, 1] */
  plus?: Value | undefined
}

export interface AttentionOptions {
  heads: number
  /** added to the scores, broadcast to [batch, heads, queries, keys] */
  mask?: Value
  /** scores and softmax in float32 whatever the network computes in */
  upcast?: boolean
  /** how, where it is not the network's own choice */
  form?: Attention
}

/** onnxruntime's own operators. */
const microsoft = { domain: 'com.microsoft' }

/** The widths that its kernel is compiled for: bias_split_gelu.cc */
const biasSplitGeluSizes = [2560, 5120, 10240]

/**
 * The layers of torch.nn, written in the operators that are fastest, or that exist at all, on an execution provider.
 * Images are NCHW by their shape, wherever their channels lie (nhwc.ts), sequences [batch, length, channels]; weights lie as torch stores them.
 */
export class Layers extends Operators {
  readonly precision: 'float32' | 'float16'
  readonly adapterScales: Value | undefined
  /** of onnxruntime, for CUDA in half precision; images come to lie with their channels last, as these want them (nhwc.ts) */
  readonly hasDiffusionKernels: boolean

  constructor(readonly options: LayerOptions) {
    super()
    const scales = options.adapters?.scales
    this.adapterScales = scales ? this.graph.input('adapter_scales', 'float32', [scales]) : undefined
    const half = options.precision === 'float16' && (options.provider === 'cuda' || options.provider === 'dml')
    this.precision = half ? 'float16' : 'float32'
    this.hasDiffusionKernels = half && options.provider === 'cuda'
  }

  /** float32 at the graph's edge. */
  input(name: string, shape: readonly number[]): Value {
    return this.cast(this.graph.input(name, 'float32', shape), this.precision)
  }

  inputIds(name: string, shape: readonly number[]): Value {
    return this.graph.input(name, 'int32', shape)
  }

  /** float32 at the graph's edge. */
  output(name: string, value: Value): void {
    this.graph.output(this.cast(toNchw(this, value), 'float32'), name)
  }

  build(): ModelGraph {
    return this.graph.build()
  }

  /**
   * torch.nn.Linear: weight [features, in], in place.
   * @param options.int8 it bears 8-bit integers, where there are weights of them
   */
  linear(x: Value, p: WeightPath, features: number, { bias = true, int8 = false } = {}): Value {
    const term = bias ? this.weight(p, 'bias', [features]) : undefined
    const shape = [features, x.shape.at(-1)!] as const
    const y =
      int8 && bearsInt8(this, p, shape)
        ? linearInt8(this, x, p, features, term)
        : isIn4Bits(p, shape)
          ? linear4Bit(this, x, p, shape, term)
          : this.product(x, this.weight(p, 'weight', shape), term)
    return besideLinear(this, y, x, p, shape)
  }

  /** Linear to twice `features`, first half × gelu(second half), each half from its own rows of the weight. Shazeer 2020. */
  geglu(x: Value, p: WeightPath, features: number): Value {
    const shape = [2 * features, x.shape.at(-1)!] as const
    if (bearsInt8(this, p, shape) || isIn4Bits(p, shape)) {
      const both = this.linear(x, p, 2 * features, { int8: true })
      const [first, second] = this.split(both, [features, features], x.shape.length - 1)
      return this.mul(first, this.activation('gelu', second))
    }
    if (this.hasDiffusionKernels && biasSplitGeluSizes.includes(2 * features)) {
      const both = besideLinear(this, this.product(x, this.weight(p, 'weight', shape)), x, p, shape)
      const halves = [both, this.weight(p, 'bias', [2 * features])]
      return this.node('BiasSplitGelu', halves, [...x.shape.slice(0, -1), features], microsoft)
    }
    const half = (from: number, bias?: Value) => {
      const rows = [from, from + features] as const
      return besideLinear(this, this.product(x, this.weight(p, 'weight', shape, rows), bias), x, p, shape, rows)
    }
    const bias = (from: number) => this.weight(p, 'bias', [2 * features], [from, from + features])
    const gate =
      this.options.provider === 'cpu'
        ? this.node('BiasGelu', [half(features), bias(features)], [...x.shape.slice(0, -1), features], microsoft)
        : this.activation('gelu', half(features, bias(features)))
    return this.mul(half(0, bias(0)), gate)
  }

  /** torch.nn.Conv2d. */
  conv2d(x: Value, p: WeightPath, channels: number, options: ConvOptions = {}): Value {
    const { kernel = 3, bias: hasBias = true, int8 } = options
    const bias = (view?: readonly number[]) =>
      hasBias ? this.weight(p, 'bias', [channels], undefined, view) : undefined
    const shape = [channels, x.shape[1], kernel, kernel]
    const tile = winogradTile(this, x, channels, options)
    const y =
      int8 && bearsInt8(this, p, shape)
        ? conv3x3Int8(this, x, p, channels, bias())
        : tile
          ? conv3x3Winograd(this, x, p, channels, bias([channels, 1, 1]), tile)
          : this.convolution(x, this.weight(p, 'weight', shape), bias(), options)
    return besideConv(this, y, x, p, shape, options)
  }

  /** @param weight [channels, in, kernel, kernel] */
  convolution(
    x: Value,
    weight: Value,
    bias: Value | undefined,
    { kernel = 3, stride = 1, padding }: ConvOptions,
  ): Value {
    const [batch, , height, width] = x.shape
    const around = padding ?? (kernel - 1) >> 1
    const pads = typeof around === 'number' ? [around, around, around, around] : around
    const rows = Math.floor((height + pads[0] + pads[2] - kernel) / stride) + 1
    const columns = Math.floor((width + pads[1] + pads[3] - kernel) / stride) + 1
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads }
    const shape = [batch, weight.shape[0], rows, columns]
    if (this.hasDiffusionKernels) return convNhwc(this, x, weight, bias, shape, attributes)
    return this.node('Conv', [x, weight, ...(bias ? [bias] : [])], shape, { attributes })
  }

  /**
   * torch.nn.GroupNorm. No provider has a fast kernel of its own for NCHW, so the groups become the channels of an
   * InstanceNormalization; in float32, because sums over a group overflow half precision.
   */
  groupNorm(x: Value, p: WeightPath, options: GroupNormOptions): Value {
    const { groups, eps, activation, plus } = options
    if (this.hasDiffusionKernels && hasGroupNorm(x.shape, groups)) return groupNormNhwc(this, x, p, options)
    if (plus) x = this.add(x, plus)
    const [batch, channels] = x.shape
    const grouped = this.reshape(this.cast(x, 'float32'), [batch, groups, elementCount(x.shape) / (batch * groups)])
    const one = this.graph.constant('float32', Array(groups).fill(1))
    const zero = this.graph.constant('float32', Array(groups).fill(0))
    const normal = this.node('InstanceNormalization', [grouped, one, zero], grouped.shape, {
      attributes: { epsilon: { float: eps } },
    })
    const broadcasting = [channels, ...x.shape.slice(2).map(() => 1)]
    const perChannel = (name: string) => this.weight(p, name, [channels], undefined, broadcasting)
    const image = this.cast(this.reshape(normal, x.shape), x.dtype)
    const y = this.add(this.mul(image, perChannel('weight')), perChannel('bias'))
    return activation ? this.activation(activation, y) : y
  }

  /** torch.nn.LayerNorm over the last dimension. */
  layerNorm(x: Value, p: WeightPath, eps: number): Value {
    const channels = x.shape.at(-1)!
    const inputs = [x, this.weight(p, 'weight', [channels]), this.weight(p, 'bias', [channels])]
    return this.node('LayerNormalization', inputs, x.shape, { attributes: { axis: -1, epsilon: { float: eps } } })
  }

  activation(name: Activation, x: Value): Value {
    switch (name) {
      case 'silu':
      case 'swish':
        return this.sigmoidLinear(x, 1)
      case 'quick_gelu':
        return this.sigmoidLinear(x, 1.702)
      case 'mish':
        return this.mul(x, this.unary('Tanh', this.unary('Softplus', x)))
      case 'gelu':
        return this.elementwise('Gelu', [x], microsoft)
      case 'relu':
        return this.unary('Relu', x)
    }
  }

  /** Attention of heads side by side in the channels. @param q [batch, queries, channels] @param k, v [batch, keys, channels] */
  attention(q: Value, k: Value, v: Value, options: AttentionOptions): Value {
    return attention(this, q, k, v, { ...options, form: options.form ?? this.options.attention })
  }

  /** Nearest neighbour, as torch's F.interpolate to a size. */
  upsample(x: Value, height: number, width: number): Value {
    const [batch, channels, rows, columns] = x.shape
    const shape = [batch, channels, height, width]
    const attributes = {
      mode: 'nearest',
      nearest_mode: 'floor',
      coordinate_transformation_mode: 'asymmetric',
    }
    const doubled = height === 2 * rows && width === 2 * columns
    const inOrder = x.channelsLast ? inNhwc : (dims: number[]) => dims
    const scales = doubled ? this.graph.constant('float32', inOrder([1, 1, 2, 2])) : undefined
    const sizes = doubled ? undefined : this.graph.constant('int64', inOrder(shape))
    const y = this.node('Resize', [asItLies(x), undefined, scales, sizes], inOrder(shape), { attributes })
    return x.channelsLast ? imageOf(y) : y
  }

  /** An image's pixels as a sequence, [batch, height · width, channels]. */
  pixels(image: Value): Value {
    const [batch, channels, height, width] = image.shape
    if (image.channelsLast) return this.reshape(asItLies(image), [batch, height * width, channels])
    return this.transpose(this.reshape(image, [batch, channels, height * width]), [0, 2, 1])
  }

  /** A sequence of pixels as an image, [batch, channels, height, width]. */
  image(pixels: Value, height: number, width: number): Value {
    const [batch, , channels] = pixels.shape
    if (this.hasDiffusionKernels) return imageOf(this.reshape(pixels, [batch, height, width, channels]))
    return this.reshape(this.transpose(pixels, [0, 2, 1]), [batch, channels, height, width])
  }

  /** An image of each item, after `count` items of zeros. */
  afterZeros(x: Value, count: number): Value {
    if (count === 0) return x
    if (this.hasDiffusionKernels) return afterZerosNhwc(this, x, count)
    const [items, ...rest] = x.shape
    const pads = this.graph.constant('int64', [count, ...rest.map(() => 0), 0, ...rest.map(() => 0)])
    return this.node('Pad', [x, pads], [count + items, ...rest])
  }

  /** torch.nn.Embedding. @param ids int32 */
  embedding(ids: Value, p: WeightPath, count: number, channels: number): Value {
    const table = this.weight(p, 'weight', [count, channels])
    return this.node('Gather', [table, ids], [...ids.shape, channels], { attributes: { axis: 0 } })
  }

  /**
   * A weight in the precision that the network computes in; onnxruntime folds the cast while it loads, but not what 8 bits stand for.
   * @param rows only these of its first dimension, [from, to)
   * @param view of the same numbers, in place of `shape`
   */
  weight(
    p: WeightPath,
    name: string,
    shape: readonly number[],
    rows?: readonly [number, number],
    view?: readonly number[],
  ): Value {
    const { key, tensor } = p.take(name, shape)
    const stored = tensor.quantized
      ? this.reshape(dequantized(this, key, tensor.quantized, rows), view)
      : this.graph.external(key, tensor, rows, view)
    return this.cast(name === 'weight' ? withDeltas(this, stored, p, shape, rows) : stored, this.precision)
  }

  /** x · sigmoid(factor · x) */
  private sigmoidLinear(x: Value, factor: number): Value {
    if (this.options.provider !== 'cpu') return this.mul(x, this.unary('Sigmoid', this.scale(x, factor)))
    return this.elementwise('QuickGelu', [x], { ...microsoft, attributes: { alpha: { float: factor } } })
  }

  /**
   * x · weightᵀ + bias, with torch's [out, in] weights in place. FusedMatMul takes about two thirds of Gemm's time on
   * the CPU, where Gemm first spreads its bias over the result; it does not exist on WebGPU.
   */
  product(x: Value, weight: Value, bias?: Value): Value {
    const [features, inputs] = weight.shape
    const shape = [...x.shape.slice(0, -1), features]
    const attributes = { transB: 1 }
    if (this.options.provider === 'cpu') {
      const y = this.node('FusedMatMul', [x, weight], shape, { ...microsoft, attributes })
      return bias ? this.add(y, bias) : y
    }
    const rows = elementCount(x.shape) / inputs
    const operands = [this.reshape(x, [rows, inputs]), weight, ...(bias ? [bias] : [])]
    return this.reshape(this.node('Gemm', operands, [rows, features], { attributes }), shape)
  }
}

/** Where there are weights in 8 bits, and no adapter asks for another weight. */
function bearsInt8(g: Layers, p: WeightPath, shape: readonly number[]): boolean {
  return p.isInt8 && !changesWeight(g, p, shape)
}
