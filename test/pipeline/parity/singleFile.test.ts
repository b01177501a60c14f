import { describe, expect, it } from 'vitest'
import {
  ControlNetModel,
  type ControlNetOptions,
  Image,
  StableDiffusionControlNetPipeline,
  StableDiffusionPipeline,
  UNet2DConditionModel,
} from '../../../src/pipeline/index.js'
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

describe.each(['v1', 'v2'])('parts of %s that from_single_file reads alone', version => {
  it('a ControlNet, below control_model. (v1) or not (v2), and a U-Net draw what diffusers draws', async () => {
    const file = (name: string) => fixture(`single/${name}.safetensors`)
    const config = (part: string) => fixture(`single/config-${version}/${part}`)
    const controlnet = await ControlNetModel.fromSingleFile(file(`controlnet-${version}`), {
      config: config('controlnet'),
      device: 'cpu',
    })
    await using pipeline = await StableDiffusionControlNetPipeline.fromSingleFile(file(version), {
      config: fixture(`single/config-${version}`),
      device: 'cpu',
      controlnet,
    })
    pipeline.unet = await UNet2DConditionModel.fromSingleFile(file(version), { config: config('unet'), device: 'cpu' })
    const { dims, data } = expected.bytes('picture')
    const image = new Image(data, dims[1], dims[0])
    const options = optionsOf({ generator: 7, numInferenceSteps: 3, outputType: 'latent' })
    const { latents } = await pipeline('photograph of a vintage car', { ...options, image } as ControlNetOptions)
    expectClose(latents!.data, expected.floats(`${version}.controlled`).data, 2e-3, 'latents')
  })
})
