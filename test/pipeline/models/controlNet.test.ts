import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CorruptWeightsError } from '../../../src/pipeline/errors.js'
import { controlNetGraph, parseControlNetConfig } from '../../../src/pipeline/models/controlNet.js'
import { controlNetModel } from '../../../src/pipeline/models/controlNetModel.js'
import { steering } from '../../../src/pipeline/models/steering.js'
import { parseUNetConfig, unetGraph } from '../../../src/pipeline/models/unet.js'
import { readSafetensors } from '../../../src/pipeline/weights/safetensors.js'
import { readJson } from '../parity/fixtures.js'
import { difference, onCpu, run, type Values } from './support.js'

const folder = join(import.meta.dirname, '../../fixtures/pipelines')

async function part(name: string) {
  const weights = await readSafetensors(join(folder, name, 'diffusion_pytorch_model.safetensors'))
  return { json: readJson<object>(join(folder, name, 'config.json')), where: `${name}/config.json`, weights }
}

/** Values that differ from one to the next. */
function wave(...dims: number[]): Values {
  const size = dims.reduce((a, b) => a * b)
  return { dims, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i / 3 + dims.length)) }
}

const inputs = {
  sample: wave(2, 5, 6, 8),
  timestep: { dims: [1], data: Float32Array.of(321.5) },
  encoder_hidden_states: wave(2, 7, 40),
}
const shape = { batch: 2, height: 6, width: 8, sequenceLength: 7 }
const picture = wave(2, 3, 24, 32)

async function told(provider: 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml', name = 'controlnet') {
  const { json, where, weights } = await part(name)
  const options = { provider, attention: { kind: 'fused' } } as const
  const graph = controlNetGraph(parseControlNetConfig(json, where), weights, shape, options)
  return run(graph, {
    ...inputs,
    controlnet_cond: picture,
    scales: { dims: [10], data: new Float32Array(10).fill(0.5) },
  })
}

test.each(['cuda', 'webgpu', 'dml', 'coreml'] as const)('the graph of %s computes the same', async provider => {
  for (const name of ['controlnet', 'controlnet-pooled']) {
    const [theirs, ours] = [await told('cpu', name), await told(provider, name)]
    for (const key of Object.keys(theirs)) expect(difference(ours[key], theirs[key]), key).toBeLessThan(1e-5)
  }
})

test('in the U-Net’s graph it tells what it tells outside of it', async () => {
  const [unet, net] = [await part('sd2/unet'), await part('controlnet')]
  const placement = { device: 'cpu', dtype: 'float32', attention: { kind: 'fused' } } as const
  const controlnet = controlNetModel(parseControlNetConfig(net.json, net.where), net.weights, placement, 'net')
  const config = parseUNetConfig(unet.json, unet.where)

  const residuals = await told('cpu')
  const renamed = Object.entries(residuals).map(([key, value]) => [key.replace(/^(down|mid)/, '$1_residual'), value])
  const outside = unetGraph(config, unet.weights, { ...shape, controlled: true }, onCpu)
  const expected = await run(outside, { ...inputs, ...Object.fromEntries(renamed) })

  const cond = { ...picture, type: 'float32', data: picture.data as Float32Array } as const
  const { graph, inputs: more } = steering(
    [{ controlnet, picture: cond, rows: [0, 1], scale: 0.5, guessMode: false }],
    0,
  )
  const inside = unetGraph(config, unet.weights, { ...shape, steering: graph }, onCpu)
  const actual = await run(inside, { ...inputs, ...more })
  expect(difference(actual.out_sample, expected.out_sample)).toBeLessThan(1e-5)

  const deep = unetGraph(config, unet.weights, { ...shape, steering: graph, deepFeature: 'told' }, onCpu)
  const whole = await run(deep, { ...inputs, ...more })
  const outermost = unetGraph(config, unet.weights, { ...shape, steering: graph, deepFeature: 'given' }, onCpu)
  const partial = await run(outermost, { ...inputs, ...more, deep_feature: whole.deep_feature })
  expect(difference(partial.out_sample, expected.out_sample)).toBeLessThan(1e-5)
})

test('weights of another ControlNet', async () => {
  const [net, other] = [await part('controlnet'), await part('controlnet-pooled')]
  expect(() => controlNetGraph(parseControlNetConfig(other.json, other.where), net.weights, shape, onCpu)).toThrow(
    CorruptWeightsError,
  )
})
