import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type CallOptions,
  ControlNetModel,
  encodeWeighted,
  Image,
  InvalidOptionError,
  StableDiffusionControlNetPipeline,
  StableDiffusionPipeline,
  type Tensor,
} from '../../../src/pipeline/index.js'
import { guided } from '../../../src/pipeline/pipelines/guidance.js'
import { tensor } from '../../../src/pipeline/tensor.js'
import { expectClose } from '../../support/compare.js'
import { fixture } from '../parity/fixtures.js'

const quick = { numInferenceSteps: 2, seed: 7, outputType: 'latent' } as const
const a1111 = { ...quick, promptSyntax: 'a1111' } as const
const long = 'one two three four five six seven eight nine ten '.repeat(9)

let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
})
afterAll(() => pipeline.dispose())

const latents = async (prompt: string | string[], options: CallOptions): Promise<Tensor> =>
  (await pipeline(prompt, options)).latents!

test('guidance adds what each part of a prompt tells beyond the unconditional prediction', () => {
  const prediction = tensor([1, 10, 3, 20, 30], [5, 1])
  const parts = [
    { picture: 0, weight: 1 },
    { picture: 1, weight: 0.5 },
    { picture: 1, weight: -1 },
  ]
  // 1 + 2·(3 − 1); 10 + 2·0.5·(20 − 10) − 2·(30 − 10)
  expect([...guided(prediction, parts, 2, 0).data]).toEqual([5, -20])
})

test('a prompt without any signs is the same in both syntaxes', async () => {
  for (const guidanceScale of [1, 7.5])
    expect((await latents('a car', { ...a1111, guidanceScale })).data).toEqual(
      (await latents('a car', { ...quick, guidanceScale })).data,
    )
})

test('in plain syntax, the default, signs are words', async () => {
  const { lastHiddenState } = await pipeline.textEncoder(pipeline.tokenizer('a (car:1.5)').inputIds)
  const embedded = await pipeline(undefined, { ...quick, promptEmbeds: lastHiddenState })
  expect((await latents('a (car:1.5)', quick)).data).toEqual(embedded.latents!.data)
})

test('weights count in the prompt and in the negative one', async () => {
  const [promptEmbeds, negativePromptEmbeds] = [
    await encodeWeighted('a (car:1.5)', pipeline),
    await encodeWeighted('[fog]', pipeline),
  ]
  const embedded = await pipeline(undefined, { ...quick, promptEmbeds, negativePromptEmbeds })
  expect((await latents('a (car:1.5)', { ...a1111, negativePrompt: '[fog]' })).data).toEqual(embedded.latents!.data)
})

test('a text that is repeated to the length of another draws the same', async () => {
  const embeds = await encodeWeighted(['a car', long], pipeline)
  expect(embeds.dims).toEqual([2, 154, 32])
  const [short] = [await latents('a car', quick)]
  const half = tensor(embeds.data.subarray(0, embeds.data.length / 2), [1, 154, 32])
  const negativePromptEmbeds = (await encodeWeighted(['', long], pipeline)).data.slice(0, half.data.length)
  const repeated = await pipeline(undefined, {
    ...quick,
    promptEmbeds: half,
    negativePromptEmbeds: tensor(negativePromptEmbeds, half.dims),
  })
  expectClose(repeated.latents!.data, short.data, 1e-4, 'latents')
})

test('each picture of a batch, of whatever length and however composed, is the one that its prompt draws alone', async () => {
  const prompts = ['a car', `${long} AND a (boat:1.2):0.5`, '[a house:a tree:.5]']
  const options = { ...a1111, numImagesPerPrompt: 2, negativePrompt: ['fog', '', '(rain:1.3) BREAK snow'] }
  const { data, dims } = await latents(prompts, options)
  const size = data.length / dims[0]
  for (const [i, prompt] of prompts.entries()) {
    const own = { ...options, negativePrompt: options.negativePrompt[i], numImagesPerPrompt: 1 }
    const alone = await latents(prompt, { ...own, seed: 7 + 2 * i + 1 })
    expectClose(alone.data, data.subarray((2 * i + 1) * size, (2 * i + 2) * size), 1e-3, `latents of "${prompt}"`)
  }
  const mapped = await pipeline.map(prompts, options)
  for (const [i, output] of mapped.entries())
    expectClose(output.latents!.data, data.subarray(2 * i * size, (2 * i + 2) * size), 1e-3, `latents of map, ${i}`)
})

test('without guidance a composed prompt is guided as strongly as its weights say', async () => {
  const off = { ...a1111, guidanceScale: 1, negativePrompt: 'fog' }
  const same = await latents('a car AND a car:0', off)
  expectClose(same.data, (await latents('a car', off)).data, 1e-3, 'latents')
  const negative = await latents('a car:0', off)
  expectClose(negative.data, (await latents('fog', off)).data, 1e-3, 'latents')
})

test.each([false, true])('a ControlNet sees each part of a prompt, guessMode %s', async guessMode => {
  const base = await StableDiffusionPipeline.fromPretrained(fixture('sd2'), { device: 'cpu' })
  const controlnet = await ControlNetModel.fromPretrained(fixture('controlnet'), { device: 'cpu' })
  await using steered = StableDiffusionControlNetPipeline.fromPipe(base, { controlnet })
  const image = new Image(
    Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => i % 251),
    64,
    64,
  )
  const options = { ...a1111, image, guessMode, negativePrompt: 'fog', numImagesPerPrompt: 2 }
  const draw = async (prompt: string) => (await steered(prompt, options)).latents!.data
  expectClose(await draw('a car:0.5 AND a car:0.5'), await draw('a car'), 1e-3, 'latents')
  expect(await draw('a car:0.5 AND a boat:0.5')).not.toEqual(await draw('a car'))
})

test('balanced and fast draw nearly the same, the text changing on the way', async () => {
  const options = { ...a1111, numInferenceSteps: 10, guidanceScale: 2 }
  const exact = await latents('[a car|a boat] AND (fog)', options)
  const fast = await latents('[a car|a boat] AND (fog)', { ...options, quality: 'fast' })
  expectClose(fast.data, exact.data, 0.5, 'latents')
  expect(fast.data).not.toEqual(exact.data)
})

test('a long prompt is not cut off, and nobody is warned', async () => {
  const warn = vi.spyOn(console, 'warn')
  const whole = await latents(`${long} car`, a1111)
  expect(warn).not.toHaveBeenCalled()
  warn.mockRestore()
  expect(whole.data).not.toEqual((await latents(long, a1111)).data)
})

test('what is no syntax, or no text, is refused before any work', async () => {
  await expect(latents('a car', { promptSyntax: 'comfy' } as object)).rejects.toThrow(
    new InvalidOptionError('promptSyntax must be one of plain, a1111, got "comfy"'),
  )
  const promptEmbeds = await encodeWeighted('a car', pipeline)
  await expect(pipeline(undefined, { promptEmbeds, promptSyntax: 'a1111' })).rejects.toThrow(
    'promptSyntax "a1111" reads texts, got embeddings: make both by encodeWeighted() and leave promptSyntax out',
  )
})
