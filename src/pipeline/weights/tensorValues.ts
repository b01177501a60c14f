import { open } from 'node:fs/promises'
import { CorruptWeightsError, UnsupportedModelError } from '../errors.js'
import { elementCount } from '../tensor.js'
import type { WeightTensor } from './safetensors.js'

/**
 * The values of tensors that are small, such as a LoRA's alphas: everything else is left where it is.
 * @returns of each, in order
 * @throws UnsupportedModelError for a type that is no number with a point; CorruptWeightsError where the file ends too early
 */
export async function tensorValues(tensors: readonly WeightTensor[]): Promise<Float32Array[]> {
  const values: Float32Array[] = Array(tensors.length)
  for (const file of new Set(tensors.map(({ file }) => file))) {
    const handle = await open(file)
    try {
      for (const [i, tensor] of tensors.entries()) {
        if (tensor.file !== file) continue
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(tensor.length), 0, tensor.length, tensor.offset)
        if (bytesRead < tensor.length) throw new CorruptWeightsError(`${file}: is cut short; download or copy it again`)
        values[i] = decoded(tensor, buffer)
      }
    } finally {
      await handle.close()
    }
  }
  return values
}

function decoded({ dtype, shape, file }: WeightTensor, bytes: Buffer): Float32Array {
  const read = readers[dtype]
  if (!read) throw new UnsupportedModelError(`${file}: expected ${Object.keys(readers).join(', ')}, got ${dtype}`)
  const size = bytes.length / Math.max(1, elementCount(shape))
  return Float32Array.from({ length: elementCount(shape) }, (_, i) => read(bytes, i * size))
}

const readers: Record<string, ((bytes: Buffer, at: number) => number) | undefined> = {
  F64: (bytes, at) => bytes.readDoubleLE(at),
  F32: (bytes, at) => bytes.readFloatLE(at),
  F16: (bytes, at) => half(bytes.readUInt16LE(at)),
  BF16: (bytes, at) => Buffer.from([0, 0, bytes[at], bytes[at + 1]]).readFloatLE(0),
  I64: (bytes, at) => Number(bytes.readBigInt64LE(at)),
  I32: (bytes, at) => bytes.readInt32LE(at),
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
}
