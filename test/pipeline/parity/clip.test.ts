import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { CLIPModel, CLIPTextModel, Image } from '../../../src/pipeline/index.js'
import { clipImageProcessor, parseClipImageProcessorConfig } from '../../../src/pipeline/models/clipImageProcessor.js'
import { expectClose } from '../../support/compare.js'
import { readTensors } from '../../support/tensors.js'
import { fixture, readJson } from './fixtures.js'

const { texts, inputIds, scores, processors } = readJson<{
  texts: string[]
  inputIds: number[][]
  scores: number[]
  processors: Record<string, object>
}>(fixture('clip.json'))
const expected = readTensors(fixture('clip-expected.safetensors'))
const cpu = { device: 'cpu' } as const
const pictures = [0, 1, 2, 3].map(index => {
  const { data, dims } = expected.bytes(`picture${index}`)
  return new Image(data, dims[1], dims[0])
})

let warn: MockInstance<typeof console.warn>
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => warn.mockRestore())

describe('CLIPModel equals transformers’', () => {
  let clip: CLIPModel
  beforeAll(async () => {
    clip = await CLIPModel.fromPretrained(fixture('clip'), cpu)
  })
  afterAll(() => clip.release())

  test('in what it sees of pictures, byte for byte before they are normalised', () => {
    const { pixelValues } = clip.imageProcessor(pictures)
    expect(pixelValues.dims).toEqual(expected.floats('pixelValues').dims)
    expectClose(pixelValues.data, expected.floats('pixelValues').data, 1e-6, 'pixel values')
  })

  test('in its logits, embeddings and features, of each picture with each text', async () => {
    const output = await clip(pictures, texts)
    for (const name of ['imageEmbeds', 'textEmbeds', 'logitsPerImage'] as const) {
      expect(output[name].dims, name).toEqual(expected.floats(name).dims)
      expectClose(output[name].data, expected.floats(name).data, 1e-4, name)
    }
    expect(output.logitsPerText.dims).toEqual([4, 4])
    expect(output.logitsPerText.data[1]).toBe(output.logitsPerImage.data[4])
    const imageFeatures = await clip.getImageFeatures(pictures)
    expectClose(imageFeatures.data, expected.floats('imageFeatures').data, 1e-4, 'image features')
    const textFeatures = await clip.getTextFeatures(texts)
    expectClose(textFeatures.data, expected.floats('textFeatures').data, 1e-4, 'text features')
    expect(warn.mock.calls.flat().join()).toContain('can only handle sequences up to 20 tokens')
  })

  test('in the score of a picture with a text, 0 where they contradict one another', async () => {
    for (const [i, score] of scores.entries()) expect(await clip.clipScore(pictures[i], texts[i])).toBeCloseTo(score, 3)
    expect(scores.filter(score => score === 0)).toHaveLength(2)
  })

  test('in the text tower that CLIPTextModel takes out of it', async () => {
    const text = await CLIPTextModel.fromPretrained(fixture('clip'), cpu)
    const { lastHiddenState, textEmbeds } = await text(inputIds)
    expectClose(lastHiddenState.data, expected.floats('hidden').data, 1e-4, 'hidden states')
    expectClose(textEmbeds.data, expected.floats('textFeatures').data, 1e-4, 'text features')
    await text.release()
  })

  test('and says what it does not take', async () => {
    await expect(clip([], texts)).rejects.toThrow('images must be an Image or a list of at least one')
    await expect(clip(pictures, [])).rejects.toThrow('texts must hold at least one text')
    await expect(clip.clipScore(pictures as unknown as Image, 'a')).rejects.toThrow(
      'clipScore takes one Image and one text',
    )
  })
})

describe('CLIP’s image processor equals transformers’ with Pillow', () => {
  test.each(Object.entries(processors))('%s', (name, config) => {
    const process = clipImageProcessor(parseClipImageProcessorConfig(config, 'preprocessor_config.json'))
    for (const index of [0, 1]) {
      const { pixelValues } = process(pictures[index])
      const wanted = expected.floats(`${name}${index}`)
      expect(pixelValues.dims).toEqual(wanted.dims)
      expectClose(pixelValues.data, wanted.data, 1e-6, `picture ${index}`)
    }
    expect(warn.mock.calls).toEqual([])
  })

  test('or refuses by key', () => {
    const parse = (config: object) => () => parseClipImageProcessorConfig(config, 'preprocessor_config.json')
    expect(parse({ resample: 0 })).toThrow('preprocessor_config.json: "resample" is 0; known here: 1, 2, 3')
    expect(parse({ size: { longest_edge: 3 } })).toThrow(
      'expected a whole number, { shortest_edge } or { height, width }',
    )
    expect(parse({ image_mean: [1] })).toThrow('expected red, green, blue')
    expect(parse({ image_processor_type: 'ViTImageProcessor' })).toThrow(
      '"image_processor_type" is "ViTImageProcessor"',
    )
  })
})
