import { elementCount } from '../tensor.js'
import { type DataType, Graph, type NodeOptions, typeNumbers, type Value } from './graph.js'
import { asItLies, imageOf, inNhwc, toNchw, toNhwc } from './nhwc.js'

/** ONNX's operators as functions of values: their shapes are told while the graph is written, and images may lie with their channels last (nhwc.ts). */
export class Operators {
  readonly graph = new Graph()

  add(a: Value, b: Value): Value {
    return this.binary('Add', a, b)
  }

  mul(a: Value, b: Value): Value {
    return this.binary('Mul', a, b)
  }

  scale(x: Value, factor: number): Value {
    return factor === 1 ? x : this.mul(x, this.scalar(factor, x.dtype))
  }

  shift(x: Value, term: number): Value {
    return this.add(x, this.scalar(term, x.dtype))
  }

  unary(type: string, x: Value): Value {
    return this.elementwise(type, [x])
  }

  matMul(a: Value, b: Value): Value {
    return this.node('MatMul', [a, b], [...a.shape.slice(0, -1), b.shape.at(-1)!])
  }

  softmax(x: Value): Value {
    return this.node('Softmax', [x], x.shape, { attributes: { axis: -1 } })
  }

  concat(values: readonly Value[], axis: number): Value {
    if (values.length === 1) return values[0]
    for (const { shape } of values) {
      if (shape.some((dim, i) => i !== axis && dim !== values[0].shape[i]))
        throw new RangeError(`cannot join [${values.map(value => value.shape.join(', ')).join('] and [')}] on ${axis}`)
    }
    const shape = values[0].shape.map((dim, i) =>
      i === axis ? values.reduce((sum, value) => sum + value.shape[axis], 0) : dim,
    )
    if (!values.some(({ channelsLast }) => channelsLast))
      return this.node('Concat', values, shape, { attributes: { axis } })
    const lying = values.map(value => asItLies(toNhwc(this, value)))
    const attributes = { axis: inNhwc([0, 1, 2, 3]).indexOf(axis) }
    return imageOf(this.node('Concat', lying, inNhwc(shape), { attributes }))
  }

  split(x: Value, sizes: readonly number[], axis: number): Value[] {
    if (sizes.length === 1) return [x]
    const shapes = sizes.map(size => x.shape.map((dim, i) => (i === axis ? size : dim)))
    const inputs = [toNchw(this, x), this.graph.constant('int64', sizes)]
    return this.graph.nodes('Split', inputs, shapes, { attributes: { axis } })
  }

  /** @param from, to of `axis`, [from, to) */
  slice(x: Value, axis: number, from: number, to: number): Value {
    if (from === 0 && to === x.shape[axis]) return x
    const shape = x.shape.map((dim, i) => (i === axis ? to - from : dim))
    const [start, end, axes] = [from, to, axis].map(value => this.graph.constant('int64', [value]))
    return this.node('Slice', [x, start, end, axes], shape)
  }

  reshape(x: Value, shape: readonly number[] = x.shape): Value {
    if (shape.length === x.shape.length && shape.every((dim, i) => dim === x.shape[i])) return x
    return this.node('Reshape', [x, this.graph.constant('int64', shape)], shape)
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.node(
      'Transpose',
      [x],
      perm.map(axis => x.shape[axis]),
      { attributes: { perm } },
    )
  }

  cast(x: Value, dtype: DataType): Value {
    if (x.dtype === dtype) return x
    return this.elementwise('Cast', [x], { attributes: { to: typeNumbers[dtype] }, dtype })
  }

  /** An image that it takes is brought into the order that its shape tells. */
  node(type: string, inputs: readonly (Value | undefined)[], shape: readonly number[], options?: NodeOptions): Value {
    const inOrder = inputs.map(x => x && toNchw(this, x))
    return this.graph.node(type, inOrder, shape, options)
  }

  /** Of numbers at one place each: images stay as they lie. */
  elementwise(type: string, inputs: readonly Value[], options?: NodeOptions): Value {
    const shape = inputs.map(x => x.shape).reduce(broadcast)
    if (!inputs.some(({ channelsLast }) => channelsLast)) return this.node(type, inputs, shape, options)
    const lying = inputs.map(x => (elementCount(x.shape) === 1 ? x : asItLies(toNhwc(this, x))))
    return imageOf(this.node(type, lying, inNhwc(shape), options))
  }

  private scalar(value: number, dtype: DataType): Value {
    return this.cast(this.graph.constant('float32', [value], []), dtype)
  }

  private binary(type: 'Add' | 'Mul', a: Value, b: Value): Value {
    return this.elementwise(type, [a, b])
  }
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  const dim = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [dim(a, i), dim(b, i)]
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`cannot combine [${a.join(', ')}] and [${b.join(', ')}]`)
    return Math.max(left, right)
  })
}
