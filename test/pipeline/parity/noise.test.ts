import { afterAll, beforeAll, describe, it } from 'vitest'
import { StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectSameBits } from '../../support/compare.js'
import { readTensors } from '../../support/tensors.js'
import { type Cases, fixture, optionsOf, readJson, startOf } from './fixtures.js'

const { cases } = readJson<Cases>(fixture('cases.json'))
const expected = readTensors(fixture('expected.safetensors'))

const drawn = [
  { model: 'sd1', dtype: 'float32', name: 'pndm' },
  { model: 'sd1', dtype: 'float32', name: 'seed zero' },
  { model: 'sd1', dtype: 'float32', name: 'big seed' },
  { model: 'sd1', dtype: 'float32', name: 'odd size' },
  { model: 'sd1', dtype: 'float32', name: 'two pictures a prompt' },
  { model: 'sd1', dtype: 'float32', name: 'two prompts, two pictures each' },
  { model: 'half', dtype: 'float16', name: 'half pndm odd size' },
  { model: 'half', dtype: 'float16', name: 'half ddim eta of a batch' },
] as const

describe('a call starts from the noise that torch draws, bit for bit', () => {
  const pipelines: Partial<Record<'sd1' | 'half', StableDiffusionPipeline>> = {}

  beforeAll(async () => {
    pipelines.sd1 = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
    pipelines.half = await StableDiffusionPipeline.fromPretrained(fixture('half'), { device: 'cpu', dtype: 'float16' })
  })
  afterAll(async () => {
    await pipelines.sd1?.dispose()
    await pipelines.half?.dispose()
  })

  it.each(drawn)('$name, $dtype', async ({ model, name }) => {
    const { prompt, options } = cases.find(one => one.name === name)!
    const latents = await startOf(pipelines[model]!, prompt, { ...optionsOf(options), guidanceScale: 1 })
    expectSameBits(latents.data, expected.floats(`${name}.initial`).data, 'noise')
  })
})
