import { describe, expect, test } from 'vitest'
import { CorruptWeightsError } from '../../../src/pipeline/errors.js'
import { parseUNetConfig, unetGraph, unetWeightShapes } from '../../../src/pipeline/models/unet.js'
import type { Attention, LayerOptions } from '../../../src/pipeline/onnx/layers.js'
import type { Weights } from '../../../src/pipeline/weights/safetensors.js'
import { difference, fixture, onCpu, run } from './support.js'

/** The outputs of every call of a fixture, each beside diffusers' own. */
async function outputs(name: string, options: LayerOptions = onCpu) {
  const { config, where, weights, calls, expected } = await fixture(name)
  const parsed = parseUNetConfig(config, where)
  const results = []
  for (let i = 0; i < calls; i++) {
    const inputs = {
      sample: expected(`${i}.sample`),
      timestep: expected(`${i}.timestep`),
      encoder_hidden_states: expected(`${i}.encoder_hidden_states`),
    }
    const [batch, , height, width] = inputs.sample.dims
    const shape = { batch, height, width, sequenceLength: inputs.encoder_hidden_states.dims[1] }
    const { out_sample } = await run(unetGraph(parsed, weights, shape, options), inputs)
    results.push({ ours: out_sample, theirs: expected(`${i}.out_sample`) })
  }
  return results
}

describe('a U-Net gives what diffusers gives', () => {
  test.each([
    ['unet-sd1', 'batches, oblong and odd sizes, a fractional timestep'],
    ['unet-sd2', 'linear projections, heads of its own in each block'],
    ['unet-one-block', 'one block, no middle'],
    ['unet-scale-shift', 'time as scale and shift, centred input, its own time activations, padding 0'],
    ['unet-uneven', 'layers and transformers of their own in each block, attention to the text only'],
    ['unet-odd-numbers', 'odd channels, other kernels, heads that do not divide the channels'],
    ['unet-relu', 'another activation'],
    ['unet-float16', 'weights in half precision'],
    ['unet-bfloat16', 'weights in bfloat16'],
    ['unet-sharded', 'weights in three files'],
  ])('%s: %s', async name => {
    for (const { ours, theirs } of await outputs(name)) expect(difference(ours, theirs)).toBeLessThan(1e-5)
  })
})

describe('attention is the same, computed', () => {
  const forms: Attention[] = [
    { kind: 'plain' },
    { kind: 'sliced', sliceSize: 'auto' },
    { kind: 'sliced', sliceSize: 'max' },
    { kind: 'sliced', sliceSize: 2 },
  ]
  test.each(forms)('%o', async attention => {
    for (const { ours, theirs } of await outputs('unet-sd1', { provider: 'cpu', attention }))
      expect(difference(ours, theirs)).toBeLessThan(1e-5)
  })

  test('in three graphs that differ', async () => {
    const { config, where, weights } = await fixture('unet-one-block')
    const shape = { batch: 1, height: 5, width: 3, sequenceLength: 4 }
    const operators = (attention: Attention) => {
      const { nodes } = unetGraph(parseUNetConfig(config, where), weights, shape, { provider: 'cpu', attention })
      return ['MultiHeadAttention', 'Softmax'].map(name => nodes.filter(({ type }) => type === name).length)
    }
    // Three transformers, each with attention to itself and to the text, of two heads.
    expect(operators({ kind: 'fused' })).toEqual([6, 0])
    expect(operators({ kind: 'plain' })).toEqual([0, 6])
    expect(operators({ kind: 'sliced', sliceSize: 'max' })).toEqual([0, 12])
  })

  test('a slice of more heads than a layer has is refused', async () => {
    const attention: Attention = { kind: 'sliced', sliceSize: 3 }
    await expect(outputs('unet-sd1', { provider: 'cpu', attention })).rejects.toThrow(
      'attention slice size must be "auto", "max" or a whole number from 1 to 2, the heads of a layer, got 3',
    )
  })
})

describe('the graph of another device computes the same', () => {
  test.each(['cuda', 'webgpu', 'dml', 'coreml'] as const)('%s', async provider => {
    for (const { ours, theirs } of await outputs('unet-sd1', { provider, attention: { kind: 'fused' } }))
      expect(difference(ours, theirs)).toBeLessThan(1e-5)
  })

  test.each(['cpu', 'webgpu', 'coreml'] as const)(
    '%s has no half precision: the graph is that of float32',
    async provider => {
      const { config, where, weights } = await fixture('unet-float16')
      const graph = (precision: 'float16' | 'float32') => {
        const options = { provider, precision, attention: { kind: 'fused' } } as const
        return unetGraph(
          parseUNetConfig(config, where),
          weights,
          { batch: 1, height: 4, width: 4, sequenceLength: 3 },
          options,
        )
      }
      expect(graph('float16')).toEqual(graph('float32'))
    },
  )
})

describe('the outermost layer alone, on the deep feature that a whole run told, gives that run’s sample', () => {
  test.each(['unet-sd1', 'unet-one-block', 'unet-scale-shift', 'unet-uneven', 'unet-odd-numbers'])('%s', async name => {
    const { config, where, weights, expected } = await fixture(name)
    const [sample, timestep, text] = ['sample', 'timestep', 'encoder_hidden_states'].map(key => expected(`0.${key}`))
    const inputs = { sample, timestep, encoder_hidden_states: text }
    const [batch, , height, width] = sample.dims
    const shape = { batch, height, width, sequenceLength: text.dims[1] }
    const graph = (deepFeature?: 'told' | 'given') =>
      unetGraph(parseUNetConfig(config, where), weights, { ...shape, deepFeature }, onCpu)
    const whole = await run(graph('told'), inputs)
    expect(difference(whole.out_sample, expected('0.out_sample'))).toBeLessThan(1e-5)
    const { out_sample } = await run(graph('given'), { ...inputs, deep_feature: whole.deep_feature })
    expect(difference(out_sample, whole.out_sample)).toBeLessThan(1e-6)
    expect(graph('given').nodes.length).toBeLessThan(graph().nodes.length / 2)
  })
})

test.each([
  ['Stable Diffusion 1.x', { cross_attention_dim: 768 }, 859_520_964],
  [
    'Stable Diffusion 2.x',
    { cross_attention_dim: 1024, attention_head_dim: [5, 10, 20, 20], use_linear_projection: true },
    865_910_724,
  ],
])('%s has as many parameters as its file', (_name, json, count) => {
  const config = parseUNetConfig(json, 'unet/config.json')
  const sizes = [...unetWeightShapes(config).values()].map(shape => shape.reduce((size, dim) => size * dim, 1))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count)
})

describe('weights that do not fit the configuration are corrupt', () => {
  test.each<[string, (weights: Weights) => void, string]>([
    ['one is missing', weights => weights.delete('conv_in.bias'), 'expected "conv_in.bias" of shape [8], found none'],
    [
      'one has another shape',
      weights => weights.set('conv_in.bias', { ...weights.get('conv_in.bias')!, shape: [4] }),
      'expected shape [8] for "conv_in.bias", got [4]',
    ],
    [
      'one is taken by no block',
      weights => weights.set('conv_in.lora', weights.get('conv_in.bias')!),
      'no part of the model takes "conv_in.lora"',
    ],
  ])('%s', async (_, change, message) => {
    const { config, where, weights } = await fixture('unet-relu')
    change(weights)
    const shape = { batch: 1, height: 4, width: 4, sequenceLength: 3 }
    const build = () => unetGraph(parseUNetConfig(config, where), weights, shape, onCpu)
    expect(build).toThrow(CorruptWeightsError)
    expect(build).toThrow(message)
  })
})
