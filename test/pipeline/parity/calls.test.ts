import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { type Scheduler, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectClose, expectSameBits, psnr } from '../../support/compare.js'
import { item } from '../../support/tensors.js'
import { fixture, optionsOf, reference, schedulerOf, watch } from './fixtures.js'

const loads = [
  { model: 'sd1', dtype: 'float32' },
  { model: 'half', dtype: 'float32' },
  { model: 'half', dtype: 'float16' },
  { model: 'sd2', dtype: 'float32' },
  { model: 'sd2', dtype: 'float16' },
] as const

describe.each(loads)('a call of "$model" in $dtype equals diffusers’', ({ model, dtype }) => {
  const { cases, expected } = reference(model)
  let pipeline: StableDiffusionPipeline
  let own: Scheduler
  let warn: MockInstance<typeof console.warn>

  beforeAll(async () => {
    pipeline = await StableDiffusionPipeline.fromPretrained(fixture(model), { device: 'cpu', dtype })
    own = pipeline.scheduler
  })
  afterAll(() => pipeline?.dispose())
  beforeEach(() => {
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
  afterEach(() => warn.mockRestore())

  it.each(cases.filter(one => one.model === model && one.dtype === dtype))('$name', async one => {
    pipeline.scheduler = schedulerOf(one, own)
    const given = expected.has(`${one.name}.given`) ? expected.floats(`${one.name}.given`) : undefined
    const { initial, steps, output } = await watch(pipeline, one.prompt, optionsOf(one.options, given))

    const { data: start } = expected.floats(`${one.name}.initial`)
    if (pipeline.scheduler.initNoiseSigma === 1) expectSameBits(initial.data, start, 'noise')
    else expectClose(initial.data, start, 1e-6, 'scaled noise')

    const timesteps = expected.floats(`${one.name}.timesteps`).data
    expect(steps.length).toBe(timesteps.length)
    expectClose(
      steps.map(({ timestep }) => timestep),
      timesteps,
      1e-6,
      'timesteps',
    )
    const latents = expected.floats(`${one.name}.latents`)
    for (const { step, latents: actual } of steps)
      expectClose(actual.data, item(latents, step).data, 2e-3, `latents after step ${step}`)

    const pictures = expected.bytes(`${one.name}.pictures`)
    const [count, height, width] = pictures.dims
    expect(output.images.map(image => [image.height, image.width])).toEqual(Array(count).fill([height, width]))
    for (const [i, image] of output.images.entries())
      expect(psnr(image.data, item(pictures, i).data), `picture ${i}, dB`).toBeGreaterThanOrEqual(45)

    expect(warn).toHaveBeenCalledTimes(one.name === 'long prompt' ? 1 : 0)
  })
})

it('outputType "latent" gives the last step’s latents, as diffusers has them, and no picture', async () => {
  const { cases, expected } = reference('sd1')
  await using pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
  const { options, prompt } = cases.find(({ name }) => name === 'pndm')!
  const { latents, images } = await pipeline(prompt, { ...optionsOf(options), outputType: 'latent' })
  const steps = expected.floats('pndm.latents')
  expect(images).toEqual([])
  expectClose(latents!.data, item(steps, steps.dims[0] - 1).data, 2e-3, 'latents')
})
