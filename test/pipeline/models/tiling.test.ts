import { afterAll, describe, expect, test } from 'vitest'
import { autoencoderKL } from '../../../src/pipeline/models/autoencoderKL.js'
import { parseVaeConfig } from '../../../src/pipeline/models/vae.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { concat, slice, type Tensor, tensor } from '../../../src/pipeline/tensor.js'
import { readSafetensors } from '../../../src/pipeline/weights/safetensors.js'
import { difference, fixture, values } from './support.js'

const { config, where, weights } = await fixture('vae-sd1')
const tiles = await readSafetensors(
  new URL('../../fixtures/models/vae-sd1/tiled.safetensors', import.meta.url).pathname,
)
const expected = (name: string) => values(tiles.get(name)!) as { dims: number[]; data: Float32Array }
const given = (name: string) => tensor(expected(name).data, expected(name).dims)

const placement = { device: 'cpu', dtype: 'float32', attention: { kind: 'fused' } } as const
const vae = autoencoderKL(parseVaeConfig(config, where), weights, { ...placement }, 'vae')
afterAll(() => openEngine('cpu').dispose())

describe('in tiles of 8 latents', () => {
  test('a picture is decoded as diffusers does', async () => {
    vae.enableTiling(32)
    const { sample } = await vae.decode(given('latents'))
    expect(difference(sample, expected('decoded'))).toBeLessThan(1e-5)
  })

  test('and encoded', async () => {
    vae.enableTiling(32)
    const { latentDist } = await vae.encode(given('sample'))
    const mean = slice(given('moments'), 0, 1)
    const half = mean.data.length / 2
    const means = { dims: latentDist.mean.dims, data: mean.data.slice(0, half) }
    expect(difference(latentDist.mean, means)).toBeLessThan(1e-5)
  })

  test('a picture of one tile is decoded whole', async () => {
    const small = tensor(given('latents').data.slice(0, 4 * 64), [1, 4, 8, 8])
    vae.disableTiling()
    const whole = await vae.decode(small)
    vae.enableTiling(32)
    expect(await vae.decode(small)).toEqual(whole)
  })

  test('a side that has no quarter is refused', () => {
    expect(() => vae.enableTiling(40)).toThrow('tileSize must be a multiple of 16 pixels, got 40')
  })
})

test('a batch at once is the same as its pictures one at a time', async () => {
  vae.disableTiling()
  const one = tensor(given('latents').data.slice(0, 4 * 16), [1, 4, 4, 4])
  const other: Tensor = { ...one, data: one.data.map(value => -value) }
  const batch = concat([one, other])
  const sliced = await vae.decode(batch)
  vae.disableSlicing()
  expect(difference((await vae.decode(batch)).sample, sliced.sample)).toBeLessThan(1e-5)
  const { latentDist } = await vae.encode(sliced.sample)
  vae.enableSlicing()
  const { latentDist: slicedDist } = await vae.encode(sliced.sample)
  expect(difference(latentDist.mean, slicedDist.mean)).toBeLessThan(1e-5)
  expect(difference(latentDist.logvar, slicedDist.logvar)).toBeLessThan(1e-5)
})
