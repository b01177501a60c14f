import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Generator, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectClose } from '../../support/compare.js'
import { readTensors } from '../../support/tensors.js'
import { fixture, readJson } from './fixtures.js'

const expected = readTensors(fixture('inversion/expected.safetensors'))
const told = readJson<Record<string, { prompt: string; ids: number[] }>>(fixture('inversion/ids.json'))
const file = (name: string) => fixture(`inversion/${name}`)

let pipeline: StableDiffusionPipeline

beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
})
afterAll(() => pipeline?.dispose())
beforeEach(() => pipeline.unloadTextualInversion())

async function expectDrawn(name: string, prompt = told[name].prompt): Promise<void> {
  const call = { numInferenceSteps: 2, generator: new Generator(7), outputType: 'latent' as const }
  const { latents } = await pipeline(prompt, call)
  expectClose(latents!.data, expected.floats(name).data, 2e-3, name)
}

describe('tokens and latents with textual inversions equal diffusers’', () => {
  it.each<[string, () => Promise<void>]>([
    ['one', () => pipeline.loadTextualInversion(file('diffusers.safetensors'))],
    ['three', () => pipeline.loadTextualInversion(file('style-three.safetensors'), { token: '<style>' })],
    ['webui', () => pipeline.loadTextualInversion(file('webui.pt'))],
    [
      'two',
      () => pipeline.loadTextualInversion([file('diffusers.bin'), file('webui.pt')], { token: ['<toy>', '<w>'] }),
    ],
    ['tensor', () => pipeline.loadTextualInversion(file('tensor.pt'), { token: ['<a>', '<b>', '<c>'] })],
  ])('%s', async (name, load) => {
    await load()
    expect(pipeline.tokenizer(told[name].prompt, { padding: false }).inputIds).toEqual([told[name].ids])
    await expectDrawn(name)
  })

  it('one of two unloaded', async () => {
    await pipeline.loadTextualInversion([file('diffusers.bin'), file('webui.pt')])
    pipeline.unloadTextualInversion('<toy>')
    await expectDrawn('unloaded', 'a <toy> by a webui')
  })

  it('torch’s container from before 1.6, and the files of the paper’s authors', async () => {
    await pipeline.loadTextualInversion(file('webui-legacy.pt'))
    await expectDrawn('webui')
    pipeline.unloadTextualInversion()
    await pipeline.loadTextualInversion(file('authors.pt'), { token: '<first>' })
    const first = await pipeline.textEncoder(pipeline.tokenizer('<first>').inputIds)
    pipeline.unloadTextualInversion()
    await pipeline.loadTextualInversion(file('webui.pt'))
    // The same vectors: the authors' file holds the first of the three.
    const ids = pipeline.tokenizer('webui').inputIds[0]
    const alone = [ids[0], ids[1], ...ids.slice(4), ...Array<number>(2).fill(ids.at(-1)!)]
    const same = await pipeline.textEncoder([alone])
    expect([...first.lastHiddenState.data]).toEqual([...same.lastHiddenState.data])
  })
})
