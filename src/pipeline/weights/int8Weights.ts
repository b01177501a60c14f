import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { CorruptWeightsError } from '../errors.js'
import { floats } from './floats.js'
import { isMissing } from './json.js'
import { readSafetensors, type Weights, type WeightTensor } from './safetensors.js'

/**
 * Weights in 8-bit integers, beside those they are made from: of `x.weight`, [outputs, inputs, …kernel], `x.weight.int8`, I8
 * [kernel · inputs, outputs], and `x.weight.scale`, F32 [outputs], so that weight ≈ scale · int8. They lie in a file of the
 * user's cache, are made once for a model, a quarter of its size, and read by reference from then on.
 * @param keys of the weights: linear layers and convolutions
 * @throws Error naming the folder where there is no room; the signal's reason
 */
export async function int8Weights(weights: Weights, keys: readonly string[], signal?: AbortSignal): Promise<Weights> {
  const tensors = keys.map(key => [key, weights.get(key)!] as const)
  const path = join(int8Folder(), `${await identity(tensors)}.safetensors`)
  const known = await readSafetensors(path).catch(error => {
    if (isMissing(error) || error instanceof CorruptWeightsError) return undefined
    throw error
  })
  if (known) return known
  await writeWhole(path, file => writeInt8(file, tensors, signal))
  return readSafetensors(path)
}

/** Where 8-bit weights are kept; may be emptied at any time that no pipeline uses them. */
export function int8Folder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'sdnb', 'int8')
}

type Tensors = readonly (readonly [key: string, tensor: WeightTensor])[]

/** Changes with the files, with which weights are asked for, and with how they are made. */
async function identity(tensors: Tensors): Promise<string> {
  const files = [...new Set(tensors.map(([, { file }]) => file))]
  const states = await Promise.all(
    files.map(async file => {
      const { size, mtimeMs } = await stat(file)
      return [file, size, mtimeMs]
    }),
  )
  const what = tensors.map(([key, { offset, dtype, shape }]) => [key, offset, dtype, shape])
  return createHash('sha256')
    .update(JSON.stringify([1, states, what]))
    .digest('hex')
    .slice(0, 32)
}

/** Nobody sees a file that is not whole. */
async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const part = `${path}.${process.pid}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(part, 'w')
    try {
      await write(file)
    } finally {
      await file.close()
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    const { code } = error as NodeJS.ErrnoException
    if (!code || !['ENOSPC', 'EROFS', 'EACCES', 'EPERM', 'EDQUOT', 'ENOTDIR'].includes(code)) throw error
    throw new Error(
      `8-bit weights are kept in ${dirname(path)}, which could not be written (${code}): make room there, name another ` +
        "cache with XDG_CACHE_HOME, or draw with quality: 'exact', which needs none",
      { cause: error },
    )
  }
}

async function writeInt8(file: FileHandle, tensors: Tensors, signal: AbortSignal | undefined): Promise<void> {
  await file.write(header(tensors))
  for (const [, tensor] of tensors) {
    const { bytes, scales } = await int8(await values(tensor), matrix(tensor), signal)
    await file.write(bytes)
    await file.write(new Uint8Array(scales.buffer))
  }
}

function matrix({ shape: [outputs, inputs, ...kernel] }: WeightTensor) {
  return { outputs, inputs, taps: kernel.reduce((product, dim) => product * dim, 1) }
}

function header(tensors: Tensors): Buffer {
  let end = 0
  const placed = (dtype: string, shape: number[], length: number) => {
    const start = end
    end += length
    return { dtype, shape, data_offsets: [start, end] }
  }
  const entries = tensors.flatMap(([key, tensor]) => {
    const { outputs, inputs, taps } = matrix(tensor)
    return [
      [`${key}.int8`, placed('I8', [taps * inputs, outputs], taps * inputs * outputs)],
      [`${key}.scale`, placed('F32', [outputs], 4 * outputs)],
    ]
  })
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const padded = Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return Buffer.concat([length, padded])
}

async function values({ file, offset, length, dtype }: WeightTensor): Promise<Float32Array> {
  const handle = await open(file)
  try {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await handle.read(bytes, 0, length, offset)
    if (bytesRead < length) throw new CorruptWeightsError(`${file}: is cut short; download or copy it again`)
    return floats(bytes, dtype)
  } finally {
    await handle.close()
  }
}

/** Outputs that are transposed together: the rows read and the lines written then stay in the processor's cache. */
const block = 64

async function int8(
  weight: Float32Array,
  { outputs, inputs, taps }: ReturnType<typeof matrix>,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Int8Array; scales: Float32Array }> {
  const row = inputs * taps
  const bytes = new Int8Array(outputs * row)
  const scales = new Float32Array(outputs)
  for (let first = 0; first < outputs; first += block) {
    await setImmediate()
    signal?.throwIfAborted()
    const last = Math.min(first + block, outputs)
    for (let output = first; output < last; output++) {
      let most = 0
      for (let i = output * row; i < (output + 1) * row; i++) most = Math.max(most, Math.abs(weight[i]))
      scales[output] = most / 127
    }
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++) {
        const to = (tap * inputs + input) * outputs
        const from = input * taps + tap
        for (let output = first; output < last; output++)
          bytes[to + output] = Math.round(weight[output * row + from] / (scales[output] || 1))
      }
    }
  }
  return { bytes, scales }
}
