import { open } from 'node:fs/promises'
import { CorruptWeightsError, UnsupportedModelError } from '../errors.js'
import type { WeightTensor } from './safetensors.js'

/**
 * The values of tensors, for what cannot be left where it lies: a LoRA's alphas, weights that are to be held in fewer bits.
 * @returns of each, in order
 * @throws UnsupportedModelError for a type that is no such number; CorruptWeightsError where the file ends too early
 */
export async function tensorValues(tensors: readonly WeightTensor[]): Promise<Float32Array[]> {
  const values: Float32Array[] = Array(tensors.length)
  for (const file of new Set(tensors.map(({ file }) => file))) {
    const handle = await open(file)
    try {
      for (const [i, { dtype, offset, length, file: own }] of tensors.entries()) {
        if (own !== file) continue
        const read = readers[dtype]
        if (!read) throw new UnsupportedModelError(`${file}: expected ${Object.keys(readers).join(', ')}, got ${dtype}`)
        const bytes = new Uint8Array(length)
        const { bytesRead } = await handle.read(bytes, 0, length, offset)
        if (bytesRead < length) throw new CorruptWeightsError(`${file}: is cut short; download or copy it again`)
        values[i] = read(bytes.buffer)
      }
    } finally {
      await handle.close()
    }
  }
  return values
}

/** Of little endian bytes. */
const readers: Record<string, ((bytes: ArrayBuffer) => Float32Array) | undefined> = {
  F64: bytes => Float32Array.from(new Float64Array(bytes)),
  F32: bytes => new Float32Array(bytes),
  F16: fromHalves,
  BF16: bytes => new Float32Array(Uint32Array.from(new Uint16Array(bytes), bits => bits << 16).buffer),
  I64: bytes => Float32Array.from(new BigInt64Array(bytes), Number),
  I32: bytes => Float32Array.from(new Int32Array(bytes)),
}

function fromHalves(bytes: ArrayBuffer): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => half(bits))
  const all = new Uint16Array(bytes)
  const values = new Float32Array(all.length)
  for (let i = 0; i < all.length; i++) values[i] = halves[all[i]]
  return values
}

/** Of every 16 bits, for the sake of weights, of which there are millions. */
let halves: Float32Array | undefined

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
}
