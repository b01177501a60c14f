import { open } from 'node:fs/promises'

/**
 * Writes a .safetensors file of random weights, as layers are initialised: normal values of variance 1 / fan-in, norms
 * of one, biases of zero; so activations stay of order one through any number of layers.
 * @param shapes  key → shape
 * @param dtype   'float32' or 'float16'
 * @returns how many parameters it holds
 */
export async function writeRandomWeights(path, shapes, dtype) {
  const size = dtype === 'float16' ? 2 : 4
  const header = {}
  let offset = 0
  for (const [key, shape] of shapes) {
    const length = size * count(shape)
    header[key] = { dtype: dtype === 'float16' ? 'F16' : 'F32', shape, data_offsets: [offset, offset + length] }
    offset += length
  }
  const text = Buffer.from(JSON.stringify(header))
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(text.length))

  const blocks = new Map()
  const file = await open(path, 'w')
  await file.write(Buffer.concat([start, text]))
  let shift = 0
  for (const [key, shape] of shapes) {
    const { mean, deviation } = distribution(key, shape)
    const id = `${mean} ${deviation}`
    if (!blocks.has(id)) blocks.set(id, bytesOf(mean, deviation, dtype))
    shift = (shift + 7919) % blockLength // no two tensors begin alike
    await writeTiled(file, blocks.get(id), size * shift, size * count(shape))
  }
  await file.close()
  return offset / size
}

function distribution(key, shape) {
  if (shape.length > 1) return { mean: 0, deviation: Math.sqrt(1 / count(shape.slice(1))) }
  return { mean: key.endsWith('.weight') ? 1 : 0, deviation: 0 }
}

const count = shape => shape.reduce((product, dim) => product * dim, 1)

/** Prime, so that no row of a matrix repeats another. */
const blockLength = 1_048_573
const normal = normalValues()

function normalValues() {
  const values = new Float64Array(blockLength)
  let state = 1
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  for (let i = 0; i < blockLength; i++)
    values[i] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  return values
}

function bytesOf(mean, deviation, dtype) {
  const values = Float32Array.from(normal, value => mean + deviation * value)
  return Buffer.from((dtype === 'float16' ? Uint16Array.from(values, halfBits) : values).buffer)
}

async function writeTiled(file, block, from, length) {
  for (let at = from; length > 0; at = 0) {
    const part = block.subarray(at, at + Math.min(length, block.length - at))
    await file.write(part)
    length -= part.length
  }
}

const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/** IEEE half precision of a value in its normal range; smaller ones become zero. */
function halfBits(value) {
  single[0] = value
  const bits = singleBits[0]
  const rounded = bits + 0xfff + ((bits >> 13) & 1)
  const exponent = ((rounded >> 23) & 0xff) - 112
  return exponent <= 0 ? 0 : ((bits >> 16) & 0x8000) | (exponent << 10) | ((rounded >> 13) & 0x3ff)
}
