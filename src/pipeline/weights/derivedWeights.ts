import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { CorruptWeightsError } from '../errors.js'
import { elementCount } from '../tensor.js'
import { isMissing } from './json.js'
import { readSafetensors, type Weights, type WeightTensor } from './safetensors.js'
import { tensorValues } from './tensorValues.js'

/** How weights of another form are made, each from one. */
export interface Recipe {
  /** of the cache, for these files alone */
  folder: string
  /** another wherever what is made has changed */
  version: number
  /** what the message names when they cannot be kept, such as `8-bit weights` */
  what: string
  /** how to do without them */
  wayOut: string
  /** What comes of one weight, in the order of its bytes; the name follows the weight's own, as in `x.weight.scale`. */
  entries(shape: readonly number[]): { name: string; dtype: 'I8' | 'U8' | 'F32'; shape: number[] }[]
  /** The arrays of these entries. @throws the signal's reason */
  make(values: Float32Array, shape: readonly number[], signal?: AbortSignal): Promise<ArrayBufferView[]>
}

/**
 * Weights in another form, beside those they are made from. They lie in a file of the user's cache, are made once for a model and
 * read by reference from then on.
 * @param keys of the weights they are made from
 * @throws Error naming the folder where there is no room; the signal's reason
 */
export async function derivedWeights(
  weights: Weights,
  keys: readonly string[],
  recipe: Recipe,
  signal?: AbortSignal,
): Promise<Weights> {
  const tensors = keys.map(key => [key, weights.get(key)!] as const)
  const path = join(derivedFolder(recipe.folder), `${await identity(tensors, recipe.version)}.safetensors`)
  const known = await readWhole(path)
  if (known) return known
  await writeWhole(path, recipe, async file => {
    await file.write(header(tensors, recipe))
    for (const [, tensor] of tensors) {
      const [values] = await tensorValues([tensor])
      for (const array of await recipe.make(values, tensor.shape, signal)) {
        const { buffer, byteOffset, byteLength } = array
        await file.write(new Uint8Array(buffer, byteOffset, byteLength))
      }
    }
  })
  return readSafetensors(path)
}

/** Lets others have the thread, in the midst of a long work. @throws the signal's reason */
export async function breath(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

/** The largest of the absolute values from one place up to another. */
export function largest(values: Float32Array, from: number, to: number): number {
  let most = 0
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs(values[i]))
  return most
}

/** Where they are kept; may be emptied at any time that no pipeline uses them. */
export function derivedFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'sdnb', name)
}

type Tensors = readonly (readonly [key: string, tensor: WeightTensor])[]

/** Changes with the files, with which weights are asked for, and with how they are made. */
async function identity(tensors: Tensors, version: number): Promise<string> {
  const files = [...new Set(tensors.map(([, { file }]) => file))]
  const states = await Promise.all(
    files.map(async file => {
      const { size, mtimeMs } = await stat(file)
      return [file, size, mtimeMs]
    }),
  )
  const what = tensors.map(([key, { offset, dtype, shape }]) => [key, offset, dtype, shape])
  return createHash('sha256')
    .update(JSON.stringify([version, states, what]))
    .digest('hex')
    .slice(0, 32)
}

/** undefined where there is none, or a damaged one */
async function readWhole(path: string): Promise<Weights | undefined> {
  return readSafetensors(path).catch(error => {
    if (isMissing(error) || error instanceof CorruptWeightsError) return undefined
    throw error
  })
}

/** Nobody sees a file that is not whole; where two make one at once, the first to be done has made it. */
async function writeWhole(
  path: string,
  { what, wayOut }: Recipe,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const part = `${path}.${randomUUID()}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(part, 'w')
    try {
      await write(file)
    } finally {
      await file.close()
    }
    if (await readWhole(path)) await rm(part)
    else await rename(part, path)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    const { code } = error as NodeJS.ErrnoException
    if (!code || !['ENOSPC', 'EROFS', 'EACCES', 'EPERM', 'EDQUOT', 'ENOTDIR'].includes(code)) throw error
    throw new Error(
      `${what} are kept in ${dirname(path)}, which could not be written (${code}): make room there, name another ` +
        `cache with XDG_CACHE_HOME, or ${wayOut}`,
      { cause: error },
    )
  }
}

const bytesPer = { I8: 1, U8: 1, F32: 4 }

function header(tensors: Tensors, recipe: Recipe): Buffer {
  let end = 0
  const entries = tensors.flatMap(([key, tensor]) =>
    recipe.entries(tensor.shape).map(({ name, dtype, shape }) => {
      const start = end
      end += elementCount(shape) * bytesPer[dtype]
      return [`${key}.${name}`, { dtype, shape, data_offsets: [start, end] }]
    }),
  )
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const padded = Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return Buffer.concat([length, padded])
}
