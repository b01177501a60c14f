import {
  type Constant,
  type Initializer,
  type ModelGraph,
  type Node,
  typeNumbers,
  type Value,
} from '../../src/pipeline/onnx/graph.js'

/**
 * A graph for CUDA with what onnxruntime has for CUDA alone in ONNX's own operators, so that the CPU can run it. Each is written from its kernel,
 * and refuses what the kernel refuses.
 * @see https://github.com/microsoft/onnxruntime/tree/main/onnxruntime/contrib_ops/cuda/diffusion
 */
export function inPlainOperators(graph: ModelGraph): ModelGraph {
  const initializers = new Map(graph.initializers)
  const nodes = graph.nodes.flatMap(node => {
    const write = node.domain === 'com.microsoft' ? kernels[node.type] : undefined
    if (!write) return [node]
    const plain = new Plain(node.outputs[0].name, initializers)
    const results = write(plain, node)
    const named = node.outputs.map((value, i) => ({ type: 'Identity', inputs: [results[i]], outputs: [value] }))
    return [...plain.nodes, ...named]
  })
  return { ...graph, nodes, initializers }
}

/**
 * Operators, of those that graphs for CUDA may have, of which onnxruntime has a CUDA kernel at opset 20: others it would run on the CPU, and carry
 * there and back what they take and give.
 * @see https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md
 */
export const withCudaKernel: ReadonlySet<string> = new Set([
  ...['Add', 'BiasSplitGelu', 'Cast', 'Concat', 'Cos', 'Expand', 'Gather', 'Gelu', 'Gemm', 'GlobalAveragePool'],
  ...['GroupNorm', 'Identity', 'InstanceNormalization', 'LayerNormalization', 'MatMul', 'Mul', 'MultiHeadAttention'],
  ...['NhwcConv', 'Relu', 'Reshape', 'Resize', 'Sigmoid', 'Sin', 'SkipGroupNorm', 'Slice', 'Softmax', 'Softplus'],
  ...['Split', 'Tanh', 'Transpose'],
])

/** The same in float32, so that what differs is not what half precision loses. */
export function inFloat32(graph: ModelGraph): ModelGraph {
  const { float32, float16 } = typeNumbers
  const isHalf = ({ value }: Initializer) => value.dtype === 'float16'
  const whole = <T extends Value | undefined>(value: T): T => {
    if (value?.dtype !== 'float16') return value
    const name = graph.initializers.has(value.name) ? `${value.name} in float32` : value.name
    return { ...value, dtype: 'float32', name }
  }
  const casts = [...graph.initializers.values()].filter(isHalf).map(({ value }) => ({
    ...{ type: 'Cast', inputs: [value], outputs: [whole(value)], attributes: { to: float32 } },
  }))
  const nodes = graph.nodes.map(node => {
    const { attributes, inputs, outputs } = node
    const isHalving = node.type === 'Cast' && attributes?.to === float16
    return {
      ...node,
      ...(isHalving && { attributes: { to: float32 } }),
      inputs: inputs.map(whole),
      outputs: outputs.map(whole),
    }
  })
  return { ...graph, nodes: [...casts, ...nodes] }
}

/** Writes the operators in place of a node. */
class Plain {
  readonly nodes: Node[] = []
  #values = 0

  constructor(
    private readonly name: string,
    private readonly initializers: Map<string, Initializer>,
  ) {}

  op(
    type: string,
    inputs: Value[],
    shape: readonly number[],
    attributes: Node['attributes'] = {},
    dtype?: Value['dtype'],
  ) {
    const output = { name: `${this.name}, ${this.#values++}`, shape, dtype: dtype ?? inputs[0].dtype }
    this.nodes.push({ type, inputs, outputs: [output], attributes })
    return output
  }

  constant(data: number[], dtype: 'float32' | 'int64' = 'int64', shape = [data.length]): Value {
    const value = { name: `${this.name}, ${this.#values++}`, shape, dtype }
    this.initializers.set(value.name, { value, dtype, data } satisfies Constant)
    return value
  }

  scalar(value: number): Value {
    return this.constant([value], 'float32', [])
  }

  cast(x: Value, dtype: Value['dtype']): Value {
    return this.op('Cast', [x], x.shape, { to: typeNumbers[dtype] }, dtype)
  }

  reshape(x: Value, shape: number[]): Value {
    return this.op('Reshape', [x, this.constant(shape)], shape)
  }

  transpose(x: Value, perm: number[]): Value {
    const shape = perm.map(axis => x.shape[axis])
    return this.op('Transpose', [x], shape, { perm })
  }

  /** @param shape of the wider operand */
  math(type: 'Add' | 'Sub' | 'Mul' | 'Div', a: Value, b: Value, shape = a.shape): Value {
    return this.op(type, [a, b], shape)
  }
}

const kernels: Record<string, (g: Plain, node: Node) => Value[]> = {
  /** conv.cc, Conv<T, true>: the filters lie as [channels, rows, columns, in]. */
  NhwcConv(g, { inputs: [x, filters, bias], outputs: [y], attributes }) {
    const [, height, width, inputs] = x!.shape
    const [channels, rows, columns, filterInputs] = filters!.shape
    const [top, left, bottom, right] = attributes!.pads as number[]
    check(filterInputs === inputs, `filters of ${filterInputs} channels for ${inputs}`)
    check(same([rows, columns], attributes!.kernel_shape as number[]), 'another kernel_shape than the filters have')
    check(top === bottom && left === right, 'cuDNN pads both sides alike')
    check(!bias || same(bias.shape, [channels]), 'a bias of another length')
    check(height > 0 && width > 0 && y.shape[3] === channels, 'a result of other channels')
    const nchw = [g.transpose(x!, [0, 3, 1, 2]), g.transpose(filters!, [0, 3, 1, 2]), ...(bias ? [bias] : [])]
    const [batch, outHeight, outWidth] = y.shape
    return [g.transpose(g.op('Conv', nchw, [batch, channels, outHeight, outWidth], attributes), [0, 2, 3, 1])]
  },

  /** group_norm.cc */
  GroupNorm(g, node) {
    return [groupNorm(g, node, node.inputs[0]!)]
  },

  /** group_norm.cc: what is added is of the image's size, or [batch, channels], or [batch, 1, 1, channels]; the sum is of the image's type. */
  SkipGroupNorm(g, node) {
    const [x, , , skip, bias] = node.inputs as Value[]
    const [batch, , , channels] = x.shape
    const isBroadcast = same(skip.shape, [batch, channels]) || same(skip.shape, [batch, 1, 1, channels])
    check(isBroadcast || same(skip.shape, x.shape), `skip of shape [${skip.shape}]`)
    check(!bias || same(bias.shape, [channels]), 'a bias of another length')
    const term = isBroadcast ? g.reshape(skip, [batch, 1, 1, channels]) : skip
    const sum = g.math('Add', bias ? g.math('Add', x, bias) : x, term)
    return [groupNorm(g, node, sum), sum]
  },

  /** bias_split_gelu_impl.cu: (left half + its bias) · gelu(right half + its bias), the gelu with erf and in float32. */
  BiasSplitGelu(g, { inputs }) {
    const [x, bias] = inputs as Value[]
    check(x.shape.length === 3, `${x.shape.length} dimensions`)
    const [batch, length, width] = x.shape
    check([2560, 5120, 10240].includes(width), `a width of ${width}`)
    check(same(bias.shape, [width]), 'a bias of another length')
    const both = g.cast(g.math('Add', x, bias), 'float32')
    const shape = [batch, length, width / 2]
    const half = (from: number) => {
      const [start, end, axis] = [from, from + width / 2, 2].map(value => g.constant([value]))
      return g.op('Slice', [both, start, end, axis], shape)
    }
    const [left, right] = [half(0), half(width / 2)]
    const erf = g.op('Erf', [g.math('Div', right, g.scalar(Math.SQRT2))], shape)
    const gelu = g.math('Mul', g.math('Mul', right, g.scalar(0.5)), g.math('Add', erf, g.scalar(1)))
    return [g.cast(g.math('Mul', left, gelu), x.dtype)]
  },
}

/** group_norm_impl.cu: sums of values and of their squares over a group's channels and all places, in float32. */
function groupNorm(g: Plain, { inputs, attributes }: Node, x: Value): Value {
  const [, gamma, beta] = inputs as Value[]
  const { groups, epsilon, activation, channels_last } = attributes as Record<string, number> & {
    epsilon: { float: number }
  }
  const [batch, height, width, channels] = x.shape
  const perGroup = channels / groups
  check(x.shape.length === 4 && channels_last === 1, 'an image of another layout')
  check(activation === 0 || activation === 1, `activation ${activation}`)
  check(gamma.dtype === 'float32' && beta.dtype === 'float32', 'gamma and beta in half precision')
  check(same(gamma.shape, [channels]) && same(beta.shape, [channels]), 'gamma or beta of another length')
  check(perGroup % 2 === 0 && perGroup <= 512, `${perGroup} channels in a group`)

  const grouped = g.reshape(g.cast(x, 'float32'), [batch, height * width, groups, perGroup])
  const mean = (values: Value) =>
    g.op('ReduceMean', [values, g.constant([1, 3])], [batch, 1, groups, 1], { keepdims: 1 })
  const [average, squares] = [mean(grouped), mean(g.math('Mul', grouped, grouped))]
  const variance = g.math('Sub', squares, g.math('Mul', average, average))
  const deviation = g.op('Sqrt', [g.math('Add', variance, g.scalar(epsilon.float))], variance.shape)
  const normal = g.reshape(g.math('Div', g.math('Sub', grouped, average), deviation), [...x.shape])
  const y = g.math('Add', g.math('Mul', normal, gamma), beta)
  return g.cast(activation === 1 ? g.math('Mul', y, g.op('Sigmoid', [y], y.shape)) : y, x.dtype)
}

function check(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new RangeError(`onnxruntime's kernel refuses ${otherwise}`)
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
