import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Layers } from '../../../src/pipeline/onnx/layers.js'
import { WeightPath } from '../../../src/pipeline/onnx/weightPath.js'
import { type Quantization, quantizedWeights } from '../../../src/pipeline/weights/quantizedWeights.js'
import { readSafetensors, type Weights, type WeightTensor } from '../../../src/pipeline/weights/safetensors.js'
import { run } from '../models/support.js'

const fixture = path.join(import.meta.dirname, '../../fixtures/quantization.json')
const bitsandbytes = JSON.parse(await readFile(fixture, 'utf8')) as { weight: number[] } & Record<
  Quantization,
  { codes: number[]; scale: number[]; values: number[] }
>

// a linear layer of 4 outputs from 40 inputs; the same numbers as a convolution of 4 outputs from 10 channels over 2 × 2 pixels
let folder: string
let weights: Weights
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quantized-'))
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'))
  const file = path.join(folder, 'model')
  await writeFile(file, Float32Array.from(bitsandbytes.weight))
  const at = (shape: number[]): WeightTensor => ({ dtype: 'F32', shape, file, offset: 0, length: 640 })
  weights = new Map([
    ['a.weight', at([4, 40])],
    ['b.weight', at([4, 10, 2, 2])],
    ...['conv_in.weight', 'token_embedding.weight'].map(key => [key, at([4, 40])] as const),
    ['norm.weight', at([160])],
  ])
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function bytesOf({ file, offset, length }: WeightTensor): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array((await readFile(file)).subarray(offset, offset + length))
}
const floats = async (tensor: WeightTensor) => [...new Float32Array((await bytesOf(tensor)).buffer)]
const quantized = async (type: Quantization) => quantizedWeights(weights, type)

test('8 bits are those of bitsandbytes, a row at a time', async () => {
  const { codes, scale } = (await quantized('int8')).get('a.weight')!.quantized!
  expect(codes).toMatchObject({ dtype: 'I8', shape: [4, 40] })
  expect([...new Int8Array((await bytesOf(codes)).buffer)]).toEqual(bitsandbytes.int8.codes)
  expect(await floats(scale)).toEqual(bitsandbytes.int8.scale.map(Math.fround))
})

test.each(['nf4', 'fp4'] as const)('4 bits are those of bitsandbytes, in blocks of 64: %s', async type => {
  const { codes, scale } = (await quantized(type)).get('a.weight')!.quantized!
  expect(codes).toMatchObject({ dtype: 'U8', shape: [80] })
  expect([...(await bytesOf(codes))]).toEqual(bitsandbytes[type].codes)
  expect(await floats(scale)).toEqual(bitsandbytes[type].scale.map(Math.fround))
})

test('convolutions are in 8 bits, whatever is asked for; what enters the network, embeddings and norms are left', async () => {
  const made = await quantized('nf4')
  expect([...made].map(([key, { quantized }]) => [key, quantized?.type])).toEqual([
    ['a.weight', 'nf4'],
    ['b.weight', 'int8'],
    ['conv_in.weight', undefined],
    ['token_embedding.weight', undefined],
    ['norm.weight', undefined],
  ])
})

const layers = () => new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
const place = (source: Weights) => new WeightPath(key => source.get(key)!).at('a')
const identity = Float32Array.from({ length: 1600 }, (_, i) => (i % 41 === 0 ? 1 : 0))

/** What a linear layer takes for its weight: it is shown one input after another. */
async function taken(source: Weights): Promise<number[]> {
  const g = layers()
  g.output('y', g.linear(g.input('x', [40, 40]), place(source), 4, { bias: false }))
  const { y } = await run(g.build(), { x: { dims: [40, 40], data: identity } })
  return Array.from({ length: 160 }, (_, i) => y.data[(i % 40) * 4 + Math.floor(i / 40)])
}

test.each(['nf4', 'fp4'] as const)('a linear layer computes with the values of bitsandbytes: %s', async type => {
  const values = await taken(await quantized(type))
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(bitsandbytes[type].values[i], 6)
})

test('a linear layer and a convolution compute with scale × code', async () => {
  const source = await quantized('int8')
  const { codes, scale } = bitsandbytes.int8
  const expected = codes.map((code, i) => Math.fround(code * Math.fround(scale[Math.floor(i / 40)])))
  expect(await taken(source)).toEqual(expected)
  const g = layers()
  const p = new WeightPath(key => source.get(key)!).at('b')
  g.output('y', g.conv2d(g.input('x', [1, 10, 2, 2]), p, 4, { kernel: 2, padding: 0, bias: false }))
  const ones = { x: { dims: [1, 10, 2, 2], data: new Float32Array(40).fill(1) } }
  const sums = [0, 1, 2, 3].map(row => expected.slice(row * 40, row * 40 + 40).reduce((sum, value) => sum + value))
  for (const [i, value] of (await run(g.build(), ones)).y.data.entries()) expect(value).toBeCloseTo(sums[i], 4)
})

test('a device without the operator says so, and what it has', async () => {
  const source = await quantized('nf4')
  const g = new Layers({ provider: 'webgpu', attention: { kind: 'fused' } })
  expect(() => g.linear(g.input('x', [1, 40]), place(source), 4, { bias: false })).toThrow(
    "webgpu has no operator for weights in 4 bits: 'nf4' runs on cpu and cuda, 'int8' on every device",
  )
})

test('they are made once', async () => {
  await quantized('fp4')
  const files = await readdir(path.join(folder, 'cache/sdnb/fp4'))
  await quantized('fp4')
  expect(await readdir(path.join(folder, 'cache/sdnb/fp4'))).toEqual(files)
  expect((await readSafetensors(path.join(folder, 'cache/sdnb/fp4', files[0]))).size).toBe(2)
})
