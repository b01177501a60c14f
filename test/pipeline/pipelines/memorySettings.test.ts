import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { AutoencoderTiny, type FromPretrainedOptions, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { psnr } from '../../support/compare.js'

const options = { numInferenceSteps: 6, guidanceScale: 3, seed: 1 }
const fixtures = path.join(import.meta.dirname, '../../fixtures/pipelines')

let cache: string
let exact: Uint8Array
beforeAll(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'memory-'))
  vi.stubEnv('XDG_CACHE_HOME', cache)
  exact = await drawn({})
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true, force: true })
})

async function drawn(loading: FromPretrainedOptions, calling: object = {}): Promise<Uint8Array> {
  await using pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu', ...loading })
  return (await pipeline('photograph of a red car', { ...options, ...calling })).images[0].data
}

describe('quantization', () => {
  test.each([
    ['int8', 32],
    ['nf4', 18],
    ['fp4', 18],
  ] as const)('%s draws nearly the same', async (quantization, least) => {
    const likeness = psnr(await drawn({ quantization }), exact)
    expect(likeness).toBeGreaterThan(least)
    expect(likeness).toBeLessThan(80)
  })

  test('goes with quality: what computes in 8-bit integers has weights of its own', async () => {
    const balanced = await drawn({}, { quality: 'balanced' })
    expect(psnr(await drawn({ quantization: 'int8' }, { quality: 'balanced' }), balanced)).toBeGreaterThan(28)
  })

  test('another one is refused', async () => {
    const wrong = { quantization: 'int4' } as unknown as FromPretrainedOptions
    await expect(drawn(wrong)).rejects.toThrow('quantization must be one of int8, nf4, fp4, got "int4"')
  })
})

describe('a pipeline', () => {
  let pipeline: StableDiffusionPipeline
  beforeEach(async () => {
    pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
    return () => pipeline.dispose()
  })
  const data = async (calling = {}) =>
    (await pipeline('photograph of a red car', { ...options, ...calling })).images[0].data

  test('with offloading draws the same, and holds nothing when a part has had its turn', async () => {
    pipeline.enableModelCpuOffload()
    const held: number[] = []
    const steps = pipeline.steps('photograph of a red car', options)
    for await (const _ of steps) held.push((await openEngine('cpu').memory()).resident)
    expect(Math.min(...held)).toBeGreaterThan(0)
    expect(await openEngine('cpu').memory()).toEqual({ resident: 0, peak: 0 })
    expect(await data()).toEqual(exact)
    pipeline.disableModelCpuOffload()
    expect(await data()).toEqual(exact)
    expect((await openEngine('cpu').memory()).resident).toBeGreaterThan(0)
  })

  test('decodes in tiles without seams that show', async () => {
    pipeline.enableVaeTiling(64)
    expect(psnr(await data(), exact)).toBeGreaterThan(22)
    pipeline.enableVaeTiling()
    expect(await data()).toEqual(exact) // a picture of the model's own size is one tile
    pipeline.enableVaeTiling(64)
    pipeline.disableVaeTiling()
    expect(await data()).toEqual(exact)
  })

  test('decodes pictures one at a time, or all at once', async () => {
    pipeline.disableVaeSlicing()
    const two = await data({ numImagesPerPrompt: 2 })
    expect(psnr(two, exact)).toBeGreaterThan(50)
    pipeline.enableVaeSlicing()
    expect(psnr(await data({ numImagesPerPrompt: 2 }), exact)).toBeGreaterThan(50)
  })

  test('of an AutoencoderTiny has no tiles', async () => {
    pipeline.vae = await AutoencoderTiny.fromPretrained(path.join(fixtures, 'taesd'), { device: 'cpu' })
    expect(() => pipeline.enableVaeTiling()).toThrow('enableVaeTiling() is for an AutoencoderKL')
    pipeline.enableVaeSlicing()
    pipeline.disableVaeTiling()
  })
})
