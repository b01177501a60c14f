import { open, realpath } from 'node:fs/promises'
import { CorruptWeightsError } from '../errors.js'
import { elementCount } from '../tensor.js'
import type { QuantizedWeight } from './quantizedWeights.js'

/** Where one tensor lies: `length` bytes from `offset` of `file`, row-major, little endian. */
export interface WeightTensor {
  dtype: string
  shape: number[]
  /** real path: links are resolved */
  file: string
  /** from the start of the file, in bytes */
  offset: number
  /** bytes */
  length: number
  /** the same in few bits, which takes its place in a graph */
  quantized?: QuantizedWeight
}

export type Weights = Map<string, WeightTensor>

/**
 * The tensors of a .safetensors file, by reference: reads the header, never the data.
 * @throws CorruptWeightsError  truncated; a header that is no header; ranges that overlap, leave the file or do not fit their shapes
 * @see https://github.com/huggingface/safetensors#format
 */
export async function readSafetensors(path: string): Promise<Weights> {
  const file = await realpath(path)
  const { header, dataStart, dataLength } = await readHeader(path, file)
  const weights: Weights = new Map()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    weights.set(name, tensorAt(path, name, entry, file, dataStart, dataLength))
  }
  checkCoverage(path, weights, dataStart, dataLength)
  return weights
}

/** What a .safetensors file says of itself beside its tensors; empty where it says nothing. */
export async function readSafetensorsMetadata(path: string): Promise<Record<string, string>> {
  const { header } = await readHeader(path, await realpath(path))
  const metadata = isObject(header.__metadata__) ? Object.entries(header.__metadata__) : []
  return Object.fromEntries(metadata.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** The specification's limit. */
const MAX_HEADER = 100_000_000

const bytesPer: Record<string, number | undefined> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  C64: 8,
}

async function readHeader(path: string, file: string) {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    if (size < 8) throw corrupt(path, `expected at least 8 bytes, got ${size}: the file is cut short`)
    const prefix = Buffer.alloc(8)
    await handle.read(prefix, 0, 8, 0)
    const length = prefix.readBigUInt64LE()
    if (length > MAX_HEADER)
      throw corrupt(path, `expected a header of at most ${MAX_HEADER} bytes, got ${length}: no safetensors file`)
    if (8n + length > size)
      throw corrupt(path, `the header is ${length} bytes long, the file only ${size}: it is cut short or damaged`)
    const text = Buffer.alloc(Number(length))
    await handle.read(text, 0, text.length, 8)
    return { header: parseHeader(path, text), dataStart: 8 + text.length, dataLength: size - 8 - text.length }
  } finally {
    await handle.close()
  }
}

function parseHeader(path: string, text: Buffer): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text))
  } catch (error) {
    throw corrupt(path, `the header is not JSON (${(error as Error).message})`)
  }
  if (!isObject(header)) throw corrupt(path, 'the header is not a JSON object')
  return header
}

function tensorAt(
  path: string,
  name: string,
  entry: unknown,
  file: string,
  dataStart: number,
  dataLength: number,
): WeightTensor {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {}
  if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw corrupt(path, `expected dtype, shape and data_offsets for "${name}", got ${JSON.stringify(entry)}`)
  const [start, end] = offsets
  if (end < start || end > dataLength)
    throw corrupt(path, `"${name}" lies at bytes ${start} to ${end} of ${dataLength}: the file is cut short or damaged`)
  const size = bytesPer[dtype]
  if (size === undefined) throw corrupt(path, `"${name}" has the unknown type ${dtype}`)
  const expected = elementCount(shape) * size
  if (end - start !== expected)
    throw corrupt(path, `"${name}" is ${dtype} [${shape.join(', ')}], ${expected} bytes, but has ${end - start}`)
  return { dtype, shape, file, offset: dataStart + start, length: expected }
}

/** The data must be the tensors one after another, without gaps: so says the specification. */
function checkCoverage(path: string, weights: Weights, dataStart: number, dataLength: number): void {
  const byOffset = [...weights].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length)
  let end = dataStart
  for (const [name, { offset, length }] of byOffset) {
    if (offset < end) throw corrupt(path, `"${name}" overlaps the tensor before it`)
    if (offset > end) throw corrupt(path, `there are ${offset - end} unclaimed bytes before "${name}"`)
    end = offset + length
  }
  if (end !== dataStart + dataLength)
    throw corrupt(path, `there are ${dataStart + dataLength - end} unclaimed bytes after the last tensor`)
}

function corrupt(path: string, problem: string): CorruptWeightsError {
  return new CorruptWeightsError(`${path}: ${problem}; download or copy the file again`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0)
}
