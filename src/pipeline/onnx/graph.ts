import { UnsupportedModelError } from '../errors.js'
import type { WeightTensor } from '../weights/safetensors.js'

/** What a network computes, as data; `serialized` gives it ONNX's form. Weights stay where they are: byte ranges of files. */
export interface ModelGraph {
  /** in an order in which they can run */
  nodes: readonly Node[]
  inputs: readonly Value[]
  outputs: readonly Value[]
  /** by the name of their value */
  initializers: ReadonlyMap<string, Initializer>
}

export type DataType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool'

/** What flows between nodes; its shape and type are known while the graph is written. */
export interface Value {
  name: string
  shape: readonly number[]
  dtype: DataType
  /** an image that lies as [batch, height, width, channels], though its shape is [batch, channels, height, width]; nodes never hold one (nhwc.ts) */
  channelsLast?: true
}

/** A number is an ONNX int, `{ float }` a float, an array ints. */
export type Attribute = number | string | readonly number[] | { float: number }

export interface NodeOptions {
  attributes?: Record<string, Attribute>
  domain?: string
  /** of the results, one for all or one for each; that of the first input when left out */
  dtype?: DataType | readonly DataType[]
}

/** ONNX opset 20 with Microsoft's contributed operators; IR version 9. */
export class Graph {
  #nodes: Node[] = []
  #inputs: Value[] = []
  #outputs: Value[] = []
  #constants = new Map<string, Constant>()
  #externals = new Map<string, External>()
  #count = 0

  input(name: string, dtype: DataType, shape: readonly number[]): Value {
    const value = { name, dtype, shape }
    this.#inputs.push(value)
    return value
  }

  /** Names a result of the graph. */
  output(value: Value, name: string): void {
    const named = { ...value, name }
    this.#nodes.push({ type: 'Identity', inputs: [value], outputs: [named] })
    this.#outputs.push(named)
  }

  node(type: string, inputs: readonly (Value | undefined)[], shape: readonly number[], options?: NodeOptions): Value {
    return this.nodes(type, inputs, [shape], options)[0]
  }

  /** A node with several results. */
  nodes(
    type: string,
    inputs: readonly (Value | undefined)[],
    shapes: readonly (readonly number[])[],
    { attributes, domain, dtype = inputs[0]!.dtype }: NodeOptions = {},
  ): Value[] {
    const outputs = shapes.map((shape, i) => ({
      name: `${type}_${this.#count++}`,
      shape,
      dtype: typeof dtype === 'string' ? dtype : dtype[i],
    }))
    this.#nodes.push({ type, inputs, outputs, attributes, domain })
    return outputs
  }

  /** Inline; equal constants become one. */
  constant(dtype: 'float32' | 'int64', data: readonly number[], shape: readonly number[] = [data.length]): Value {
    const key = `${dtype} [${shape}] ${data}`
    const known = this.#constants.get(key)
    if (known) return known.value
    const value = { name: `constant_${this.#constants.size}`, dtype, shape }
    this.#constants.set(key, { value, dtype, data })
    return value
  }

  /**
   * A weight by reference.
   * @param rows only these of its first dimension, [from, to): a byte range of the same tensor
   * @param view another shape of the same numbers: a Reshape would copy them to the heap
   */
  external(key: string, weight: WeightTensor, rows?: readonly [number, number], view?: readonly number[]): Value {
    const name = `${key}${rows ? `[${rows[0]}:${rows[1]}]` : ''}${view ? ` as ${view.join('x')}` : ''}`
    const known = this.#externals.get(name)
    if (known) return known.value
    const dtype = weightTypes[weight.dtype]
    if (!dtype)
      throw new UnsupportedModelError(
        `${weight.file}: "${key}" is stored as ${weight.dtype}; known here: ${Object.keys(weightTypes).join(', ')}`,
      )
    const { shape, file, offset, length } = weight
    const value = { name, dtype, shape: view ?? (rows ? [rows[1] - rows[0], ...shape.slice(1)] : shape) }
    const external = { value, file, ...(rows ? rowRange(weight, rows) : { offset, length }) }
    this.#externals.set(name, external)
    return external.value
  }

  build(): ModelGraph {
    const constants = [...this.#constants.values()].map(constant => [constant.value.name, constant] as const)
    return {
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: new Map<string, Initializer>([...constants, ...this.#externals]),
    }
  }
}

export interface Node extends Omit<NodeOptions, 'dtype'> {
  type: string
  inputs: readonly (Value | undefined)[]
  outputs: readonly Value[]
}

export type Initializer = Constant | External

export interface Constant {
  value: Value
  dtype: 'float32' | 'int64'
  data: readonly number[]
}

export interface External {
  value: Value
  file: string
  offset: number
  length: number
}

/** onnx.proto3, TensorProto.DataType. */
export const typeNumbers: Record<DataType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
}

/** safetensors' names of the types that a weight may have. */
const weightTypes: Record<string, DataType | undefined> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I8: 'int8',
  U8: 'uint8',
}

function rowRange({ shape, offset, length }: WeightTensor, [from, to]: readonly [number, number]) {
  const row = length / shape[0]
  return { offset: offset + from * row, length: (to - from) * row }
}
