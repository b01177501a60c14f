import { expect, test } from 'vitest'
import { StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { checkedMemory, memoryPlan } from '../../../src/pipeline/pipelines/memoryPlan.js'

/** As much of Stable Diffusion 1.x as a plan looks at. */
const sd1 = (device = 'cpu') =>
  ({
    unet: {
      config: { sampleSize: 64, blocks: [320, 640, 1280, 1280].map(channels => ({ channels })) },
      placement: { device },
    },
    vae: { config: { blockOutChannels: [128, 256, 512, 512] }, scaleFactor: 8, enableTiling() {} },
  }) as unknown as Parameters<typeof memoryPlan>[1]

test.each([
  ['4GB', { isOffloaded: false, tileSize: undefined }],
  ['2GB', { isOffloaded: true, tileSize: undefined }],
  ['1GB', { isOffloaded: true, tileSize: 352 }],
  ['600MB', { isOffloaded: true, tileSize: 256 }],
])('of %s: first each part has it alone, then the autoencoder works in tiles', (maxMemory, plan) => {
  expect(memoryPlan(checkedMemory(maxMemory), sd1())).toEqual(plan)
})

test('less than the U-Net takes is refused, with what it takes', () => {
  expect(() => memoryPlan(400e6, sd1())).toThrow(
    'maxMemory must be at least 510 MB, which the U-Net takes for one picture of 512 pixels a side, got 400 MB',
  )
  expect(() => memoryPlan(800e6, sd1(), 'int8')).toThrow('maxMemory must be at least 864 MB')
  expect(() => memoryPlan(800e6, sd1(), 'nf4')).toThrow('maxMemory must be at least 1218 MB')
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
  expect((await load('105MB')).components.isOffloaded).toBe(true)
  await expect(load('80MB')).rejects.toThrow('maxMemory must be at least')
  await expect(load('much')).rejects.toThrow('maxMemory must be bytes')
})
