import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DDIMScheduler, encodeWeighted, Generator, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { promptChunks } from '../../../src/pipeline/prompt/chunks.js'
import { expectClose } from '../../support/compare.js'
import { readTensors } from '../../support/tensors.js'
import { fixture, type ModelName, readJson } from './fixtures.js'

type Texts = Record<string, { prompt: string; ids: number[][] }>

const told = readJson<Record<ModelName, Texts>>(fixture('../prompts.json'))
const expected = readTensors(fixture('../prompts.safetensors'))

let pipeline: StableDiffusionPipeline

describe.each<ModelName>(['sd1', 'half'])('weighted prompts of any length with "%s"', model => {
  beforeAll(async () => {
    pipeline = await StableDiffusionPipeline.fromPretrained(fixture(model), { device: 'cpu' })
  })
  afterAll(() => pipeline?.dispose())

  it.each(Object.entries(told[model]))('%s', async (name, { prompt, ids }) => {
    expect(promptChunks(prompt, pipeline.tokenizer).map(chunk => chunk.ids)).toEqual(ids)
    const { dims, data } = expected.floats(`${model}.${name}`)
    const embeds = await encodeWeighted(prompt, pipeline)
    expect(embeds.dims).toEqual(dims)
    expectClose(embeds.data, data, 1e-4, 'embeddings')
  })

  it('with a layer left out', async () => {
    const embeds = await encodeWeighted(told[model].weights.prompt, pipeline, { clipSkip: 1 })
    expectClose(embeds.data, expected.floats(`${model}.clipSkip1`).data, 1e-4, 'embeddings')
  })
})

describe('pictures of prompts', () => {
  beforeAll(async () => {
    pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
    pipeline.scheduler = DDIMScheduler.fromConfig(pipeline.scheduler.config)
  })
  afterAll(() => pipeline?.dispose())

  it.each([
    ['composed', 'photograph of a vintage car AND a (small:1.3) house:0.6', '(blurry:1.4), ugly'],
    ['changing', 'a [car:house:2]', '[blurry|ugly]'],
    ['long', told.sd1.long.prompt, 'blurry'],
  ])('%s', async (name, prompt, negativePrompt) => {
    const { latents } = await pipeline(prompt, {
      ...{ promptSyntax: 'a1111', negativePrompt, numInferenceSteps: 4, generator: new Generator(7) },
      outputType: 'latent',
    })
    expectClose(latents!.data, expected.floats(`walk.${name}`).data, 2e-3, 'latents')
  })
})
