import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Generator, Image, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectClose } from '../../support/compare.js'
import { item } from '../../support/tensors.js'
import { asTensor, fixture, reference } from './fixtures.js'

describe.each(['sd1', 'half', 'sd2'] as const)('each part of "%s" equals diffusers’', model => {
  const { parts, expected } = reference(model)
  const { prompts, inputIds } = parts[model]
  let pipeline: StableDiffusionPipeline

  beforeAll(async () => {
    pipeline = await StableDiffusionPipeline.fromPretrained(fixture(model), { device: 'cpu' })
  })
  afterAll(() => pipeline?.dispose())

  it.each(prompts.map((prompt, i) => [prompt, i] as const))('tokens of %j', (prompt, i) => {
    expect(pipeline.tokenizer(prompt).inputIds).toEqual([inputIds[i]])
  })

  it('embeddings', async () => {
    const { lastHiddenState } = await pipeline.textEncoder(inputIds)
    const { dims, data } = expected.floats(`${model}.embeddings`)
    expect(lastHiddenState.dims).toEqual(dims)
    expectClose(lastHiddenState.data, data, 1e-4, 'embeddings')
  })

  it('embeddings with the last layer left out', async () => {
    const { lastHiddenState } = await pipeline.textEncoder(inputIds, { clipSkip: 1 })
    expectClose(lastHiddenState.data, expected.floats(`${model}.embeddings.clipSkip1`).data, 1e-4, 'embeddings')
  })

  it('the U-Net’s prediction between two whole timesteps, at an odd size', async () => {
    const embeddings = expected.floats(`${model}.embeddings`)
    const two = { dims: [2, ...embeddings.dims.slice(1)], data: embeddings.data.slice(0, embeddings.data.length / 4) }
    const sample = asTensor(expected.floats(`${model}.unet.sample`))
    const out = await pipeline.unet(sample, 801.5, { encoderHiddenStates: asTensor(two) })
    expect(out.sample.dims).toEqual(sample.dims)
    expectClose(out.sample.data, expected.floats(`${model}.unet.out`).data, 1e-4, 'prediction')
  })

  it('the autoencoder’s latents of a picture, their mode and a sample', async () => {
    const { dims, data } = item(expected.bytes(`${model}.vae.picture`), 0)
    const [height, width] = dims
    const { latentDist } = await pipeline.vae.encode(new Image(data, width, height))
    const mode = expected.floats(`${model}.vae.mode`)
    expect(latentDist.mode().dims).toEqual(mode.dims)
    expectClose(latentDist.mode().data, mode.data, 1e-4, 'mode')
    const sampled = latentDist.sample(new Generator(3))
    expectClose(sampled.data, expected.floats(`${model}.vae.sampled`).data, 1e-4, 'sample')
  })

  it('the autoencoder’s picture of latents', async () => {
    const { sample } = await pipeline.vae.decode(asTensor(expected.floats(`${model}.vae.mode`)))
    const decoded = expected.floats(`${model}.vae.decoded`)
    expect(sample.dims).toEqual(decoded.dims)
    expectClose(sample.data, decoded.data, 1e-4, 'picture')
  })
})
