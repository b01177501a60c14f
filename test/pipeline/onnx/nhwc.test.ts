import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LayerAdapters } from '../../../src/pipeline/onnx/adapters.js'
import type { Value } from '../../../src/pipeline/onnx/graph.js'
import { Layers } from '../../../src/pipeline/onnx/layers.js'
import { WeightPath } from '../../../src/pipeline/onnx/weightPath.js'
import { Generator, randn } from '../../../src/pipeline/random.js'
import type { WeightTensor } from '../../../src/pipeline/weights/safetensors.js'
import { inFloat32, inPlainOperators } from '../../support/cudaKernels.js'
import { difference, run } from '../models/support.js'

let file: string
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nhwc-'))
  file = path.join(folder, 'weights')
  await writeFile(file, randn([2560 * 4 + 2560], { generator: new Generator(0) }).data)
})
afterAll(() => rm(folder, { recursive: true }))

const weight = (shape: readonly number[], offset = 0): WeightTensor => ({
  ...{ dtype: 'F32', shape: [...shape], file, offset: 4 * offset },
  length: 4 * shape.reduce((size, dim) => size * dim, 1),
})
const p = new WeightPath((key, shape) => weight(shape, key.length), 'layer')

/** What layers make on the CPU, and on CUDA in half precision of what they are given as an image that lies with its channels last. */
async function both(
  shape: number[],
  write: (g: Layers, x: Value, plain: Value) => Value,
  adapters?: LayerAdapters,
): Promise<{ difference: number; types: string[] }> {
  const x = randn(shape, { generator: new Generator(1) })
  const inputs = { x, ...(adapters && { adapter_scales: { dims: [2], data: Float32Array.of(0.5, 1) } }) }
  const graph = (options: Pick<Layers['options'], 'provider' | 'precision'>) => {
    const g = new Layers({ ...options, attention: { kind: 'fused' }, adapters })
    const given = g.input('x', shape)
    const [, , height, width] = shape
    const image = shape.length === 4 ? g.image(g.pixels(given), height, width) : given
    g.output('y', write(g, image, given))
    return g.build()
  }
  const onCuda = graph({ provider: 'cuda', precision: 'float16' })
  const expected = await run(graph({ provider: 'cpu' }), inputs)
  const actual = await run(inFloat32(inPlainOperators(onCuda)), inputs)
  return { difference: difference(actual.y, expected.y), types: onCuda.nodes.map(({ type }) => type) }
}

describe('an image with its channels last is, by its shape, as any other:', () => {
  const shape = [2, 4, 3, 5]
  test.each<[string, (g: Layers, x: Value, plain: Value) => Value]>([
    ['as it is', (_, x) => x],
    ['beside one that is not', (g, x, plain) => g.add(g.activation('silu', x), plain)],
    ['with a term for each channel', (g, x) => g.add(x, g.weight(p, 'term', [4, 1, 1]))],
    ['with a factor for each item and column', (g, x, plain) => g.mul(x, g.slice(g.slice(plain, 1, 0, 1), 2, 1, 2))],
    ['with a number', (g, x) => g.shift(g.scale(x, 2), -1)],
    ['joined by channels', (g, x, plain) => g.concat([plain, x, plain], 1)],
    ['joined by rows', (g, x, plain) => g.concat([x, plain], 2)],
    ['joined by columns', (g, x, plain) => g.concat([x, plain], 3)],
    ['of which some channels are left', (g, x) => g.slice(x, 1, 1, 3)],
    ['cut in rows', (g, x) => g.split(x, [1, 2], 2)[1]],
    ['reshaped', (g, x) => g.reshape(x, [2, 4, 15])],
    ['transposed', (g, x) => g.transpose(x, [3, 2, 0, 1])],
    ['of twice the size', (g, x) => g.upsample(x, 6, 10)],
    ['of some other size', (g, x) => g.upsample(x, 7, 9)],
    ['normalized in pairs of channels', (g, x) => g.groupNorm(x, p, { groups: 2, eps: 0.1, activation: 'gelu' })],
    ['normalized by channel', (g, x) => g.groupNorm(x, p, { groups: 4, eps: 0.1, activation: 'silu' })],
  ])('%s', async (_, write) => {
    expect((await both(shape, write)).difference).toBeLessThan(1e-5)
  })
})

test.each([
  { kernel: 1 },
  { kernel: 1, stride: 2 },
  { kernel: 1, padding: 1, bias: false },
  { kernel: 3, bias: false },
  { kernel: 3, stride: 2 },
  { kernel: 3, stride: 2, padding: [0, 0, 1, 1] as const },
  { kernel: 5, padding: [2, 1, 2, 1] as const },
])('a convolution, %o', async options => {
  expect((await both([2, 4, 6, 7], (g, x) => g.conv2d(x, p, 6, options))).difference).toBeLessThan(1e-5)
})

test('a convolution with adapters beside it and within its weight', async () => {
  const [down, up] = [weight([3, 4, 3, 3], 20), weight([6, 3, 1, 1], 30)]
  const product = (offset: number) => ({ a: weight([6, 2], offset), b: weight([2, 36], offset + 9) })
  const scale = { input: 0 }
  const deltas = [
    { key: 'lora', delta: { kind: 'lora', down, up }, scale },
    { key: 'fixed', delta: { kind: 'lora', down, up }, scale: { fixed: 0.3 } },
    { key: 'loha', delta: { kind: 'loha', first: product(40), second: product(60) }, scale },
  ] as const
  const adapters = { layers: new Map([['layer', deltas]]), scales: 2 }
  const { difference } = await both([2, 4, 6, 7], (g, x) => g.conv2d(x, p, 6, { stride: 2 }), adapters)
  expect(difference).toBeLessThan(1e-5)
})

test('a GEGLU of a width for which there is a kernel is one node after its product', async () => {
  const geglu = (features: number) => both([2, 3, 4], (g, x) => g.geglu(x, p, features))
  const [wide, other] = [await geglu(1280), await geglu(64)]
  for (const { difference } of [wide, other]) expect(difference).toBeLessThan(1e-5)
  expect(wide.types.filter(type => /Gelu|Gemm/.test(type))).toEqual(['Gemm', 'BiasSplitGelu'])
  expect(other.types).not.toContain('BiasSplitGelu')
})
