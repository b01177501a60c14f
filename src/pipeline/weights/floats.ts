import { UnsupportedModelError } from '../errors.js'

/**
 * The values of a tensor's bytes, little endian; they may share the memory of `bytes`.
 * @throws UnsupportedModelError for a type that is no number with a point
 */
export function floats(bytes: Uint8Array<ArrayBuffer>, dtype: string): Float32Array<ArrayBuffer> {
  const size = { F64: 8, F32: 4, F16: 2, BF16: 2 }[dtype]
  if (!size) throw new UnsupportedModelError(`expected values of F64, F32, F16 or BF16, got ${dtype}`)
  const { buffer, byteOffset, length } = byteAligned(bytes, size)
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, length / 4)
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer, byteOffset, length / 8))
  const bits = new Uint16Array(buffer, byteOffset, length / 2)
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(bits, value => value << 16).buffer)
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, i) => half(i))
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]]
  return values
}

/** Of every 16 bits. */
let halves: Float32Array | undefined

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
}

function byteAligned(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice()
}
