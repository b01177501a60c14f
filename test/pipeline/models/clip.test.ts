import { expect, test } from 'vitest'
import { clipTextGraph, clipTextWeightShapes, parseClipTextConfig } from '../../../src/pipeline/models/clip.js'
import { difference, fixture, onCpu, run } from './support.js'

async function encode(name: string, clipSkip?: number) {
  const { config, where, weights, expected } = await fixture(name)
  const input_ids = expected('input_ids')
  const [batch, sequenceLength] = input_ids.dims
  const shape = { batch, sequenceLength, clipSkip }
  const outputs = await run(clipTextGraph(parseClipTextConfig(config, where), weights, shape, onCpu), { input_ids })
  return { outputs, expected }
}

test.each([
  ['clip-sd1', 'prefixed keys, quick_gelu, the end is the largest id'],
  ['clip-sd2', 'bare keys, gelu, the end is the first eos; fewer tokens than positions'],
])('%s encodes as transformers: %s', async name => {
  const { outputs, expected } = await encode(name)
  expect(difference(outputs.last_hidden_state, expected('last_hidden_state'))).toBeLessThan(1e-5)
  expect(difference(outputs.pooled, expected('pooled'))).toBeLessThan(1e-5)
})

test.each([1, 3])('clipSkip %i leaves out layers, not the final norm', async clipSkip => {
  const { outputs, expected } = await encode('clip-sd2', clipSkip)
  expect(difference(outputs.last_hidden_state, expected(`clip_skip_${clipSkip}`))).toBeLessThan(1e-5)
  expect(difference(outputs.pooled, expected('pooled'))).toBeLessThan(1e-5)
})

test('clipSkip of more layers than there are is refused', async () => {
  await expect(encode('clip-sd2', 4)).rejects.toThrow('clipSkip must be a whole number from 0 to 3, got 4')
})

test('a text projection in the file is applied to the pooled state', async () => {
  const { outputs, expected } = await encode('clip-projection')
  expect(difference(outputs.text_embeds, expected('text_embeds'))).toBeLessThan(1e-5)
})

test('Stable Diffusion 1.x has 123,060,480 parameters', () => {
  const json = { hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12, eos_token_id: 2 }
  const shapes = [...clipTextWeightShapes(parseClipTextConfig(json, 'text_encoder/config.json')).values()]
  expect(shapes.reduce((sum, shape) => sum + shape.reduce((size, dim) => size * dim, 1), 0)).toBe(123_060_480)
})
