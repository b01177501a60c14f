import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Layers } from '../../../src/pipeline/onnx/layers.js'
import { WeightPath } from '../../../src/pipeline/onnx/weightPath.js'
import { conv3x3Winograd, winogradTile } from '../../../src/pipeline/onnx/winograd.js'
import { Generator, randn } from '../../../src/pipeline/random.js'
import { run } from '../models/support.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'winograd-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function layer(weight: Float32Array): Promise<WeightPath> {
  const file = path.join(folder, String(weight.length))
  await writeFile(file, weight)
  return new WeightPath(
    (_, shape) => ({ dtype: 'F32', shape: [...shape], file, offset: 0, length: weight.byteLength }),
    '',
    false,
  )
}

const layers = (provider: 'cpu' | 'cuda' = 'cpu') => new Layers({ provider, attention: { kind: 'fused' } })

describe.each([2, 4] as const)('tiles of %i', m => {
  test('each pixel sums its neighbourhood', async () => {
    const p = await layer(new Float32Array(9).fill(1))
    const g = layers()
    g.output('y', conv3x3Winograd(g, g.input('x', [1, 1, 3, 5]), p, 1, undefined, m))
    const { y } = await run(g.build(), { x: { dims: [1, 1, 3, 5], data: new Float32Array(15).fill(1) } })
    expect([...y.data].map(value => Math.round(value * 1e4) / 1e4)).toEqual(
      [
        [4, 6, 6, 6, 4],
        [6, 9, 9, 9, 6],
        [4, 6, 6, 6, 4],
      ].flat(),
    )
  })

  test.each([
    { what: 'a batch', shape: [2, 3, 9, 6], channels: 5 },
    { what: 'filters that pass in parts', shape: [1, 256, 16, 8], channels: 1152 },
    { what: 'tiles that pass in strips', shape: [1, 64, 130, 260], channels: 8 },
  ])('$what: the sums of the plain convolution', async ({ shape, channels }) => {
    const inputs = shape[1]
    const generator = new Generator(0)
    const p = await layer(randn([channels * inputs * 9], { generator }).data)
    const g = layers()
    const x = g.input('x', shape)
    const bias = g.graph.constant(
      'float32',
      Array.from({ length: channels }, (_, i) => i),
    )
    g.output('plain', g.convolution(x, g.weight(p, 'weight', [channels, inputs, 3, 3]), bias, {}))
    g.output('y', conv3x3Winograd(g, x, p, channels, bias, m))
    const { plain, y } = await run(g.build(), { x: randn(shape, { generator }) })
    const [expected, actual] = [plain, y].map(({ data }) => Array.from(data as Float32Array))
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const difference = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
    expect(y.dims).toEqual(plain.dims)
    expect(difference / largest).toBeLessThan(3e-5)
  })
})

test('tiles are as large as leaves 64 of them, on the CPU, where there are many channels', () => {
  const tile = (shape: number[], channels = 128, options = {}, provider?: 'cuda') => {
    const g = layers(provider)
    return winogradTile(g, g.input('x', shape), channels, options)
  }
  expect(tile([1, 128, 32, 32])).toBe(4)
  expect(tile([1, 128, 16, 16])).toBe(2)
  expect(tile([2, 128, 8, 16])).toBe(2)
  expect(tile([1, 128, 8, 16])).toBeUndefined()
  expect(tile([1, 127, 32, 32])).toBeUndefined()
  expect(tile([1, 128, 32, 32], 127)).toBeUndefined()
  expect(tile([1, 128, 32, 32], 128, { stride: 2 })).toBeUndefined()
  expect(tile([1, 128, 32, 32], 128, { kernel: 1 })).toBeUndefined()
  expect(tile([1, 128, 32, 32], 128, { padding: [0, 0, 1, 1] })).toBeUndefined()
  expect(tile([1, 128, 32, 32], 128, {}, 'cuda')).toBeUndefined()
})
