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

export type DataType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool'

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
    const outputs = shapes.map(shape => ({ name: `${type}_${this.#count++}`, shape, dtype }))
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
   */
  external(key: string, weight: WeightTensor, rows?: readonly [number, number]): Value {
    const name = rows ? `${key}[${rows[0]}:${rows[1]}]` : key
    const known = this.#externals.get(name)
    if (known) return known.value
    const dtype = weightTypes[weight.dtype]
    if (!dtype)
      throw new UnsupportedModelError(
        `${weight.file}: "${key}" is stored as ${weight.dtype}; known here: ${Object.keys(weightTypes).join(', ')}`,
      )
    const { shape, file, offset, length } = weight
    const external = rows
      ? { value: { name, dtype, shape: [rows[1] - rows[0], ...shape.slice(1)] }, file, ...rowRange(weight, rows) }
      : { value: { name, dtype, shape }, file, offset, length }
    this.#externals.set(name, external)
    return external.value
  }

  build(): ModelGraph {
    const externals = [...this.#externals.values()]
    const externalDataRoot = commonFolder(new Set(externals.map(({ file }) => file)))
    const model = new Message()
    model.int(1, 9).string(2, 'sdnb')
    model.message(7, () => {
      for (const node of this.#nodes) writeNode(model, node)
      model.string(2, 'graph')
      for (const constant of this.#constants.values()) writeConstant(model, constant)
      for (const external of externals) writeExternal(model, external, externalDataRoot)
      for (const input of this.#inputs) writeValueInfo(model, 11, input)
      for (const output of this.#outputs) writeValueInfo(model, 12, output)
    })
    model.message(8, () => model.string(1, '').int(2, 20))
    model.message(8, () => model.string(1, 'com.microsoft').int(2, 1))
    return { bytes: model.finish(), externalDataRoot }
  }
}

interface Node extends Omit<NodeOptions, 'dtype'> {
  type: string
  inputs: readonly (Value | undefined)[]
  outputs: readonly Value[]
}

interface Constant {
  value: Value
  dtype: 'float32' | 'int64'
  data: readonly number[]
}

interface External {
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

/** Field numbers of TensorProto. */
const Tensor = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 }

function rowRange({ shape, offset, length }: WeightTensor, [from, to]: readonly [number, number]) {
  const row = length / shape[0]
  return { offset: offset + from * row, length: (to - from) * row }
}

function writeNode(model: Message, { type, inputs, outputs, attributes = {}, domain }: Node): void {
  model.message(1, () => {
    for (const input of inputs) model.string(1, input?.name ?? '')
    for (const output of outputs) model.string(2, output.name)
    model.string(3, outputs[0].name).string(4, type)
    for (const name in attributes) model.message(5, () => writeAttribute(model, name, attributes[name]))
    if (domain) model.string(7, domain)
  })
}

function writeAttribute(model: Message, name: string, value: Attribute): void {
  model.string(1, name)
  if (typeof value === 'number') model.int(3, value).int(20, 2)
  else if (typeof value === 'string') model.string(4, value).int(20, 3)
  else if ('float' in value) model.float(2, value.float).int(20, 1)
  else {
    for (const item of value) model.int(8, item)
    model.int(20, 7)
  }
}

function writeConstant(model: Message, { value, dtype, data }: Constant): void {
  const array = dtype === 'float32' ? Float32Array.from(data) : BigInt64Array.from(data, BigInt)
  model.message(5, () => writeTensor(model, value).bytes(Tensor.rawData, new Uint8Array(array.buffer)))
}

function writeExternal(model: Message, { value, file, offset, length }: External, root: string): void {
  const location = path.relative(root, file).split(path.sep).join('/')
  const entry = (key: string, text: string) =>
    model.message(Tensor.externalData, () => model.string(1, key).string(2, text))
  model.message(5, () => {
    writeTensor(model, value)
    entry('location', location)
    entry('offset', String(offset))
    entry('length', String(length))
    model.int(Tensor.dataLocation, 1)
  })
}

function writeTensor(model: Message, { name, dtype, shape }: Value): Message {
  for (const dim of shape) model.int(Tensor.dims, dim)
  return model.int(Tensor.dataType, typeNumbers[dtype]).string(Tensor.name, name)
}

function writeValueInfo(model: Message, field: number, { name, dtype, shape }: Value): void {
  const dims = () => {
    for (const dim of shape) model.message(1, () => model.int(1, dim))
  }
  const tensor = () => model.int(1, typeNumbers[dtype]).message(2, dims)
  model.message(field, () => model.string(1, name).message(2, () => model.message(1, tensor)))
}

/** The deepest folder that holds every file: onnxruntime refuses a location that leaves it. */
function commonFolder(files: ReadonlySet<string>): string {
  const [first] = files
  if (first === undefined) return path.parse(process.cwd()).root
  let folder = path.dirname(first)
  for (const file of files) {
    while (!isBelow(folder, file)) {
      const parent = path.dirname(folder)
      if (parent === folder)
        throw new UnsupportedModelError(`weights of one model must lie on one drive, got ${first} and ${file}`)
      folder = parent
    }
  }
  return folder
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== '' && !relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative)
}
