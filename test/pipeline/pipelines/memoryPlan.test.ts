import { expect, test } from 'vitest'
import { StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { checkedMemory, copiedBytes, memoryPlan } from '../../../src/pipeline/pipelines/memoryPlan.js'
import type { WeightTensor } from '../../../src/pipeline/weights/safetensors.js'

/** As much of Stable Diffusion 1.x as a plan looks at. */
const sd1 = (device = 'cpu') =>
  ({
    unet: {
      config: { sampleSize: 64, blocks: [320, 640, 1280, 1280].map(channels => ({ channels })) },
      placement: { device },
    },
    vae: { config: { blockOutChannels: [128, 256, 512, 512] }, scaleFactor: 8, enableTiling() {} },
  }) as unknown as Parameters<typeof memoryPlan>[1]

/** Of half-precision files of Stable Diffusion 1.x. */
const copies = { textEncoder: 492e6, unet: 3438e6, vae: 335e6 }

test.each([
  ['4GB', { isOffloaded: false, tileSize: undefined }],
  ['2GB', { isOffloaded: true, tileSize: undefined }],
  ['1GB', { isOffloaded: true, tileSize: 352 }],
  ['700MB', { isOffloaded: true, pieceBytes: 128e6, tileSize: 288 }],
])('of %s: first each part has it alone, then the autoencoder works in tiles', (maxMemory, plan) => {
  expect(memoryPlan(checkedMemory(maxMemory), sd1())).toEqual(plan)
})

test('less than the U-Net takes is refused, with what it takes', () => {
  expect(() => memoryPlan(400e6, sd1())).toThrow(
    'maxMemory must be at least 636 MB, which the U-Net takes for one picture of 512 pixels a side, got 400 MB',
  )
  expect(() => memoryPlan(800e6, sd1(), 'int8')).toThrow('maxMemory must be at least 931 MB')
  expect(() => memoryPlan(800e6, sd1(), 'nf4')).toThrow('maxMemory must be at least 1167 MB')
  expect(() => memoryPlan(700e6, sd1(), undefined, copies)).toThrow('maxMemory must be at least 892 MB')
})

test.each([
  ['7GB', { isOffloaded: false, tileSize: undefined }],
  ['4.5GB', { isOffloaded: true, tileSize: undefined }],
  ['2.5GB', { isOffloaded: true, pieceBytes: 128e6, tileSize: undefined }],
  ['1GB', { isOffloaded: true, pieceBytes: 128e6, tileSize: 288 }],
])(
  'of %s, where weights are copied, networks run a few layers at a time if all copies do not fit',
  (maxMemory, plan) => {
    expect(memoryPlan(checkedMemory(maxMemory), sd1(), undefined, copies)).toEqual(plan)
  },
)

test('what the CPU copies are weights in another type than float32, unless they are in few bits', () => {
  const weight = { shape: [10, 2], file: '', offset: 0, length: 40 }
  const quantized = { type: 'int8' } as WeightTensor['quantized']
  const weights = new Map<string, WeightTensor>([
    ['a', { ...weight, dtype: 'F32' }],
    ['b', { ...weight, dtype: 'F16' }],
    ['c', { ...weight, dtype: 'F16', quantized }],
  ])
  expect(copiedBytes(weights)).toBe(80)
})

test('other devices hold the weights themselves', () => {
  expect(() => memoryPlan(1e9, sd1('cuda:1'))).toThrow('maxMemory is for the cpu')
})

test.each([
  ['1GB', 1e9],
  ['1.5 GiB', 1.5 * 2 ** 30],
  ['800mb', 8e8],
  [12345, 12345],
])('%s is %d bytes', (text, bytes) => {
  expect(checkedMemory(text)).toBe(bytes)
})

test.each([0, -1, Number.NaN, '1', 'GB', '1TB', ''])('%j is refused', value => {
  expect(() => checkedMemory(value)).toThrow("maxMemory must be bytes, or a text such as '1GB' or '800MB', got")
})

test('a model is loaded with what its plan says', async () => {
  const load = (maxMemory: string) => StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu', maxMemory })
  expect((await load('1GB')).components.isOffloaded).toBe(false)
  expect((await load('112MB')).components.isOffloaded).toBe(true)
  await expect(load('80MB')).rejects.toThrow('maxMemory must be at least')
  await expect(load('much')).rejects.toThrow('maxMemory must be bytes')
})
