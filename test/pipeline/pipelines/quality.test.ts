import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Image, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { deepFeatures } from '../../../src/pipeline/pipelines/deepFeatures.js'
import { isWhole, type Quality } from '../../../src/pipeline/pipelines/quality.js'
import { tensor } from '../../../src/pipeline/tensor.js'
import { psnr } from '../../support/compare.js'

test.each<[Quality, string]>([
  ['exact', '1111111111'],
  ['balanced', '1110101010'],
  ['fast', '1110001000'],
])('%s: which of 10 steps are whole', (quality, steps) => {
  expect(Array.from({ length: 10 }, (_, step) => (isWhole(quality, step, 10) ? 1 : 0)).join('')).toBe(steps)
})

test('a deep feature goes on by half of what it changed between the last two whole runs', () => {
  const deep = deepFeatures()
  deep.keep(0, tensor([5, 5], [1, 2]))
  expect(deep.at(1)).toEqual(tensor([5, 5], [1, 2]))
  deep.keep(2, tensor([1, 2], [1, 2]))
  deep.keep(4, tensor([3, 2], [1, 2]))
  expect(deep.at(5)).toEqual(tensor([3.5, 2], [1, 2]))
  expect(deep.at(6)).toEqual(tensor([4, 2], [1, 2]))
})

describe('the embedded model', () => {
  let pipeline: StableDiffusionPipeline
  let cache: string
  beforeAll(async () => {
    cache = await mkdtemp(path.join(tmpdir(), 'quality-'))
    vi.stubEnv('XDG_CACHE_HOME', cache)
    pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
  })
  afterAll(async () => {
    await pipeline.dispose()
    vi.unstubAllEnvs()
    await rm(cache, { recursive: true, force: true })
  })

  const pictures = async (options: object) => {
    const prompts = ['photograph of a red car', 'watercolor of a green tree']
    return (await pipeline(prompts, { numInferenceSteps: 25, guidanceScale: 3, seed: 5, ...options })).images
  }

  test('draws nearly the same with less, and says so in the picture', async () => {
    const [exact, balanced, fast] = [
      await pictures({}),
      await pictures({ quality: 'balanced' }),
      await pictures({ quality: 'fast' }),
    ]
    for (const i of [0, 1]) {
      expect(decibels(balanced[i], exact[i])).toBeGreaterThan(30)
      expect(decibels(balanced[i], exact[i])).toBeLessThan(80)
      expect(decibels(fast[i], exact[i])).toBeGreaterThan(25)
      expect(decibels(fast[i], exact[i])).toBeLessThan(decibels(balanced[i], exact[i]))
    }
    expect(exact[0].parameters).not.toHaveProperty('quality')
    expect(fast[0].parameters).toMatchObject({ quality: 'fast' })
  })

  test('without guidance, and in one step, too', async () => {
    const options = { guidanceScale: 1, numInferenceSteps: 10 }
    const [exact, balanced] = [await pictures(options), await pictures({ ...options, quality: 'balanced' })]
    expect(decibels(balanced[0], exact[0])).toBeGreaterThan(20)
    const one = { ...options, numInferenceSteps: 1 }
    expect(decibels((await pictures({ ...one, quality: 'fast' }))[0], (await pictures(one))[0])).toBeGreaterThan(30)
  })

  test('another quality is refused', async () => {
    await expect(pictures({ quality: 'best' })).rejects.toThrow(
      'quality must be one of exact, balanced, fast, got "best"',
    )
  })
})

const decibels = (a: Image, b: Image): number => psnr(a.data, b.data)
