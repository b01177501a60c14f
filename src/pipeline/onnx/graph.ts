import path from 'node:path'
import { UnsupportedModelError } from '../errors.js'
import type { WeightTensor } from '../weights/safetensors.js'
import { Message } from './proto.js'

/** An ONNX model whose weights stay where they are: byte ranges of files below `externalDataRoot`. */
export interface ModelGraph {
  /** a serialized ONNX ModelProto */
  bytes: Uint8Array
  /** the real folder that every weight's `location` is relative to */
  externalDataRoot: string
}

export type DataType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int32' | 'int64' | 'bool'

/** What flows between nodes; its shape and type are known while the graph is written. */
export interface Value {
  name: string
  shape: readonly number[]
  dtype: DataType
}

/** A number is an ONNX int, `{ float }` a float, an array ints. */
export type Attribute = number | string | readonly number[] | { float: number }

export interface NodeOptions {
  attributes?: Record<string, Attribute>
  domain?: string
  /** of the result; that of the first input when left out */
  dtype?: DataType
}

/** ONNX opset 20 with Microsoft's contributed operators; IR version 9. */
export class Graph {
  #nodes: Message[] = []
  #initializers: ((root: string) => Message)[] = []
  #inputs: Message[] = []
  #outputs: Message[] = []
  #constants = new Map<string, Value>()
  #externals = new Map<string, Value>()
  #files = new Set<string>()
  #count = 0

  input(name: string, dtype: DataType, shape: readonly number[]): Value {
    const value = { name, dtype, shape }
    this.#inputs.push(valueInfo(value))
    return value
  }

  /** Names a result of the graph. */
  output(value: Value, name: string): void {
    const named = { ...value, name }
    this.#nodes.push(nodeMessage('Identity', [value], [named], {}))
    this.#outputs.push(valueInfo(named))
  }

  node(type: string, inputs: readonly (Value | undefined)[], shape: readonly number[], options?: NodeOptions): Value {
    return this.nodes(type, inputs, [shape], options)[0]
  }

  /** A node with several results. */
  nodes(
    type: string,
    inputs: readonly (Value | undefined)[],
    shapes: readonly (readonly number[])[],
    options: NodeOptions = {},
  ): Value[] {
    const dtype = options.dtype ?? inputs[0]!.dtype
    const outputs = shapes.map(shape => ({ name: `${type}_${this.#count++}`, shape, dtype }))
    this.#nodes.push(nodeMessage(type, inputs, outputs, options))
    return outputs
  }

  /** Inline; equal constants become one. */
  constant(dtype: 'float32' | 'int64', data: readonly number[], shape: readonly number[] = [data.length]): Value {
    const raw = constantBytes(dtype, data)
    const key = `${dtype} ${shape.join()} ${Buffer.from(raw).toString('latin1')}`
    const known = this.#constants.get(key)
    if (known) return known
    const value = { name: `constant_${this.#constants.size}`, dtype, shape }
    this.#constants.set(key, value)
    this.#initializers.push(() => tensorMessage(value).bytes(Tensor.rawData, raw))
    return value
  }

  /**
   * A weight by reference.
   * @param rows only these of its first dimension, [from, to): a byte range of the same tensor
   */
  external(name: string, weight: WeightTensor, rows: readonly [number, number] = [0, weight.shape[0]]): Value {
    const [from, to] = rows
    const whole = from === 0 && to === weight.shape[0]
    const unique = whole ? name : `${name}[${from}:${to}]`
    const known = this.#externals.get(unique)
    if (known) return known
    const dtype = weightTypes[weight.dtype]
    if (!dtype)
      throw new UnsupportedModelError(
        `${weight.file}: "${name}" is stored as ${weight.dtype}; known here: ${Object.keys(weightTypes).join(', ')}`,
      )
    const value = { name: unique, dtype, shape: whole ? weight.shape : [to - from, ...weight.shape.slice(1)] }
    this.#externals.set(unique, value)
    this.#files.add(weight.file)
    const rowBytes = whole ? 0 : weight.length / weight.shape[0]
    const offset = weight.offset + from * rowBytes
    const length = whole ? weight.length : (to - from) * rowBytes
    this.#initializers.push(root => {
      const location = path.relative(root, weight.file).split(path.sep).join('/')
      const message = tensorMessage(value)
      for (const [key, text] of Object.entries({ location, offset: String(offset), length: String(length) })) {
        message.message(Tensor.externalData, new Message().string(1, key).string(2, text))
      }
      return message.int(Tensor.dataLocation, 1)
    })
    return value
  }

  build(): ModelGraph {
    const externalDataRoot = commonFolder([...this.#files])
    const graph = new Message()
    for (const node of this.#nodes) graph.message(1, node)
    graph.string(2, 'graph')
    for (const initializer of this.#initializers) graph.message(5, initializer(externalDataRoot))
    for (const input of this.#inputs) graph.message(11, input)
    for (const output of this.#outputs) graph.message(12, output)
    const model = new Message()
      .int(1, 9)
      .string(2, 'sdnb')
      .message(7, graph)
      .message(8, new Message().string(1, '').int(2, 20))
      .message(8, new Message().string(1, 'com.microsoft').int(2, 1))
    return { bytes: model.finish(), externalDataRoot }
  }
}

/** onnx.proto3, TensorProto.DataType. */
export const typeNumbers: Record<DataType, number> = {
  float32: 1,
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
}

/** Field numbers of TensorProto. */
const Tensor = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 }

function tensorMessage({ name, dtype, shape }: Value): Message {
  const message = new Message()
  for (const dim of shape) message.int(Tensor.dims, dim)
  return message.int(Tensor.dataType, typeNumbers[dtype]).string(Tensor.name, name)
}

function constantBytes(dtype: 'float32' | 'int64', data: readonly number[]): Uint8Array {
  const array = dtype === 'float32' ? Float32Array.from(data) : BigInt64Array.from(data, BigInt)
  return new Uint8Array(array.buffer)
}

function nodeMessage(
  type: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly Value[],
  { attributes = {}, domain }: NodeOptions,
): Message {
  const node = new Message()
  for (const input of inputs) node.string(1, input?.name ?? '')
  for (const output of outputs) node.string(2, output.name)
  node.string(3, outputs[0].name).string(4, type)
  for (const [name, value] of Object.entries(attributes)) node.message(5, attributeMessage(name, value))
  return domain ? node.string(7, domain) : node
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().string(1, name)
  if (typeof value === 'number') return message.int(3, value).int(20, 2)
  if (typeof value === 'string') return message.string(4, value).int(20, 3)
  if ('float' in value) return message.float(2, value.float).int(20, 1)
  for (const item of value) message.int(8, item)
  return message.int(20, 7)
}

function valueInfo({ name, dtype, shape }: Value): Message {
  const dims = new Message()
  for (const dim of shape) dims.message(1, new Message().int(1, dim))
  const type = new Message().int(1, typeNumbers[dtype]).message(2, dims)
  return new Message().string(1, name).message(2, new Message().message(1, type))
}

/** The deepest folder that holds every file: onnxruntime refuses a location that leaves it. */
function commonFolder(files: readonly string[]): string {
  if (files.length === 0) return path.parse(process.cwd()).root
  let folder = path.dirname(files[0])
  for (const file of files) {
    while (!isBelow(folder, file)) {
      const parent = path.dirname(folder)
      if (parent === folder)
        throw new UnsupportedModelError(`weights of one model must lie on one drive, got ${files[0]} and ${file}`)
      folder = parent
    }
  }
  return folder
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== '' && !relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative)
}
