import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { UnsupportedModelError } from '../errors.js'
import {
  type Attribute,
  type Constant,
  type External,
  type Initializer,
  type ModelGraph,
  type Node,
  typeNumbers,
  type Value,
} from './graph.js'
import { Message } from './proto.js'

/** A graph as onnxruntime takes it. */
export interface SerializedModel {
  /** an ONNX ModelProto */
  bytes: Uint8Array
  /** the real folder that every weight's `location` is relative to */
  externalDataRoot: string
}

/**
 * Weights of another drive than most of the others, such as a LoRA's on Windows, are read and written along: no relative path leads there.
 * @param driveOf a file
 * @throws UnsupportedModelError where those are too many
 */
export function serialized(
  { nodes, inputs, outputs, initializers }: ModelGraph,
  driveOf = (file: string): string => path.parse(file).root,
): SerializedModel {
  const { near, far } = byDrive([...initializers.values()].filter(isExternal), driveOf)
  const externalDataRoot = commonFolder(new Set(near.map(({ file }) => file)))
  const inline = bytesOf(far)
  const model = new Message()
  model.int(1, 9).string(2, 'sdnb')
  model.message(7, () => {
    for (const node of weightsFirst(nodes, initializers)) writeNode(model, node)
    model.string(2, 'graph')
    for (const initializer of initializers.values())
      if (!isExternal(initializer)) writeConstant(model, initializer)
      else if (inline.has(initializer)) writeTensor(model, initializer.value, inline.get(initializer)!)
      else writeExternal(model, initializer, externalDataRoot)
    for (const input of inputs) writeValueInfo(model, 11, input)
    for (const output of outputs) writeValueInfo(model, 12, output)
  })
  model.message(8, () => model.string(1, '').int(2, 20))
  model.message(8, () => model.string(1, 'com.microsoft').int(2, 1))
  return { bytes: model.finish(), externalDataRoot }
}

const isExternal = (initializer: Initializer | undefined): initializer is External =>
  initializer !== undefined && 'file' in initializer

/** Field numbers of TensorProto. */
const Tensor = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 }

/**
 * Of all that a node waits for, onnxruntime runs first what was written last. Weights in 8 bits wait for nothing, so they are written first, with
 * the casts of their scales: else many are made whole long before their layers run.
 */
function weightsFirst(nodes: readonly Node[], initializers: ModelGraph['initializers']): readonly Node[] {
  const isEarly = ({ type, inputs: [input] }: Node) =>
    type === 'DequantizeLinear' || (type === 'Cast' && isExternal(initializers.get(input!.name)))
  return nodes.toSorted((a, b) => Number(isEarly(b)) - Number(isEarly(a)))
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
  writeTensor(model, value, new Uint8Array(array.buffer))
}

function writeExternal(model: Message, { value, file, offset, length }: External, root: string): void {
  const location = path.relative(root, file).split(path.sep).join('/')
  const entry = (key: string, text: string) =>
    model.message(Tensor.externalData, () => model.string(1, key).string(2, text))
  model.message(5, () => {
    writeType(model, value)
    entry('location', location)
    entry('offset', String(offset))
    entry('length', String(length))
    model.int(Tensor.dataLocation, 1)
  })
}

function writeTensor(model: Message, value: Value, bytes: Uint8Array): void {
  model.message(5, () => writeType(model, value).bytes(Tensor.rawData, bytes))
}

function writeType(model: Message, { name, dtype, shape }: Value): Message {
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

/** The weights of the drive that holds most bytes of them, and the others. */
function byDrive(externals: readonly External[], driveOf: (file: string) => string) {
  const bytes = new Map<string, number>()
  for (const { file, length } of externals) bytes.set(driveOf(file), (bytes.get(driveOf(file)) ?? 0) + length)
  const [drive] = [...bytes].reduce((most, one) => (one[1] > most[1] ? one : most), ['', -1])
  return {
    near: externals.filter(({ file }) => driveOf(file) === drive),
    far: externals.filter(({ file }) => driveOf(file) !== drive),
  }
}

/** An ONNX message ends at 2 GB, and its bytes are copied on their way to the engine. */
const mostInline = 1e9

function bytesOf(externals: readonly External[]): Map<External, Uint8Array> {
  const total = externals.reduce((sum, { length }) => sum + length, 0)
  if (total > mostInline)
    throw new UnsupportedModelError(
      `weights of one network must lie on one drive, but for ${mostInline / 1e9} GB of them: ${externals[0].file} and its like hold ` +
        `${(total / 1e9).toFixed(1)} GB, on another drive than the rest`,
    )
  const handles = new Map<string, number>()
  try {
    return new Map(
      externals.map(external => {
        const { file, offset, length } = external
        if (!handles.has(file)) handles.set(file, openSync(file, 'r'))
        const bytes = new Uint8Array(length)
        readSync(handles.get(file)!, bytes, 0, length, offset)
        return [external, bytes] as const
      }),
    )
  } finally {
    for (const handle of handles.values()) closeSync(handle)
  }
}

/** The deepest folder that holds every file: onnxruntime refuses a location that leaves it. */
function commonFolder(files: ReadonlySet<string>): string {
  const [first] = files
  if (first === undefined) return path.parse(process.cwd()).root
  let folder = path.dirname(first)
  for (const file of files) {
    while (!isBelow(folder, file)) folder = path.dirname(folder)
  }
  return folder
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== '' && !relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative)
}
