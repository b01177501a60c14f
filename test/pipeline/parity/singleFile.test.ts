import { describe, expect, it } from 'vitest'
import { StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectClose, psnr } from '../../support/compare.js'
import { item, readTensors } from '../../support/tensors.js'
import { fixture, optionsOf } from './fixtures.js'

const expected = readTensors(fixture('single/expected.safetensors'))

// v1: CompVis' names, epsilon, PNDM; v2: OpenCLIP's text encoder with fused projections, linear projections, v-prediction, DDIM.
describe.each(['v1', 'v2'])('a %s checkpoint in one file equals diffusers’ from_single_file', version => {
  it('in latents, picture and encoder', async () => {
    await using pipeline = await StableDiffusionPipeline.fromSingleFile(fixture(`single/${version}.safetensors`), {
      config: fixture(`single/config-${version}`),
      device: 'cpu',
    })
    const options = () => optionsOf({ generator: 7, numInferenceSteps: 3 })
    const { latents } = await pipeline('photograph of a vintage car', { ...options(), outputType: 'latent' })
    expectClose(latents!.data, expected.floats(`${version}.latents`).data, 2e-3, 'latents')

    const { images } = await pipeline('photograph of a vintage car', options())
    const picture = item(expected.bytes(`${version}.pictures`), 0).data
    expect(psnr(images[0].data, picture), 'picture, dB').toBeGreaterThanOrEqual(45)

    const { latentDist } = await pipeline.vae.encode(images[0])
    expectClose(latentDist.mode().data, expected.floats(`${version}.encoded`).data, 2e-2, 'encoded')
  })
})
