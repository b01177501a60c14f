import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { int8Folder, int8Weights } from '../../../src/pipeline/weights/int8Weights.js'
import { readSafetensors, type WeightTensor } from '../../../src/pipeline/weights/safetensors.js'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'int8-'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})
let runs = 0
beforeEach(async () => {
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, `cache ${runs++}`))
  file = path.join(folder, 'model.safetensors')
  await writeFile(file, safetensors)
})

// a linear layer of 2 outputs from 3 inputs, and a convolution from 2 channels to 1 over 1 × 2 pixels
const values = Float32Array.of(...[127, -127, 1, 2, 0, -0.5], ...[1, 2, 3, 4])
const header = JSON.stringify({
  'a.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  'b.weight': { dtype: 'F32', shape: [1, 2, 1, 2], data_offsets: [24, 40] },
})
const length = Buffer.alloc(8)
length.writeBigUInt64LE(BigInt(header.length))
const safetensors = Buffer.concat([length, Buffer.from(header), Buffer.from(values.buffer)])

const made = async () => int8Weights(await readSafetensors(file), ['a.weight', 'b.weight'])

async function bytesOf({ file, offset, length }: WeightTensor): Promise<Buffer> {
  return (await readFile(file)).subarray(offset, offset + length)
}
const bytes = async (tensor: WeightTensor) => [...new Int8Array(await bytesOf(tensor))]
const floats = async (tensor: WeightTensor) => [...new Float32Array(new Uint8Array(await bytesOf(tensor)).buffer)]

test('outputs become columns, each with its own scale; of a kernel, its places come before the channels', async () => {
  const weights = await made()
  expect(weights.get('a.weight.int8')).toMatchObject({ dtype: 'I8', shape: [3, 2] })
  expect(await bytes(weights.get('a.weight.int8')!)).toEqual([127, 127, -127, 0, 1, -32])
  expect(await floats(weights.get('a.weight.scale')!)).toEqual([1, Math.fround(2 / 127)])
  expect(weights.get('b.weight.int8')).toMatchObject({ shape: [4, 1] })
  expect(await bytes(weights.get('b.weight.int8')!)).toEqual([32, 95, 64, 127])
})

test('they are made once, and anew when the file has changed', async () => {
  const { file: first } = (await made()).get('a.weight.int8')!
  const { mtimeMs } = await stat(first)
  expect((await made()).get('a.weight.int8')!.file).toBe(first)
  expect((await stat(first)).mtimeMs).toBe(mtimeMs)
  await utimes(file, 1, 1)
  expect((await made()).get('a.weight.int8')!.file).not.toBe(first)
  expect((await readdir(int8Folder())).length).toBe(2)
})

test('a damaged file is made anew', async () => {
  const { file: kept } = (await made()).get('a.weight.int8')!
  await writeFile(kept, 'no weights')
  expect(await bytes((await made()).get('b.weight.int8')!)).toEqual([32, 95, 64, 127])
})

test('two that are made at once, as on two devices, are one', async () => {
  const [one, other] = await Promise.all([made(), made()])
  expect(one).toEqual(other)
  expect(await bytes(one.get('b.weight.int8')!)).toEqual([32, 95, 64, 127])
  expect((await readdir(int8Folder())).length).toBe(1)
})

test('where nothing can be written, the folder and the way out are told', async () => {
  vi.stubEnv('XDG_CACHE_HOME', file)
  await expect(made()).rejects.toThrow(
    `8-bit weights are kept in ${int8Folder()}, which could not be written (ENOTDIR): make room there, name another ` +
      "cache with XDG_CACHE_HOME, or draw with quality: 'exact', which needs none",
  )
})

test('a stop leaves nothing behind', async () => {
  const weights = await readSafetensors(file)
  await expect(int8Weights(weights, ['a.weight'], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  expect(await readdir(int8Folder())).toEqual([])
})
