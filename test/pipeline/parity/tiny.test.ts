import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DDIMScheduler, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectClose, expectSameBits, psnr } from '../../support/compare.js'
import { item, readTensors } from '../../support/tensors.js'
import { type Case, fixture, optionsOf, readJson, watch } from './fixtures.js'

const { weights, cases } = readJson<{ weights: Record<string, string>; cases: Case[] }>(fixture('tiny-expected.json'))
const expected = readTensors(fixture('tiny-expected.safetensors'))

describe('sdnb/tiny with a seed alone', () => {
  it.each(Object.entries(weights))('%s is the file that diffusers’ values were made from', (name, sha256) => {
    const file = readFileSync(fileURLToPath(new URL(`../../../models/tiny/${name}`, import.meta.url)))
    const actual = createHash('sha256').update(file).digest('hex')
    expect(actual, 'the values were made for other weights: run tools/reference/tiny.py').toBe(sha256)
  })

  it.each(cases)(
    'gives diffusers’ noise and pictures in $dtype',
    async ({ name, dtype, prompt, options }) => {
      await using pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu', dtype })
      const { initial, steps, output } = await watch(pipeline, prompt, optionsOf(options))
      expectSameBits(initial.data, expected.floats(`${name}.initial`).data, 'noise')
      expectClose(steps.at(-1)!.latents.data, expected.floats(`${name}.final`).data, 2e-3, 'final latents')
      const pictures = expected.bytes(`${name}.pictures`)
      expect(output.images.length).toBe(pictures.dims[0])
      for (const [i, image] of output.images.entries())
        expect(psnr(image.data, item(pictures, i).data), `picture ${i}, dB`).toBeGreaterThanOrEqual(45)
    },
    180_000,
  )

  it('gives DDIM a configuration that does not clip latents, as Stable Diffusion’s own does', async () => {
    const { scheduler } = await StableDiffusionPipeline.fromPretrained('sdnb/tiny', { device: 'cpu' })
    expect(DDIMScheduler.fromConfig(scheduler.config).config.clipSample).toBe(false)
  })
})
