import { describe, expect, test } from 'vitest'
import { parseVaeConfig, vaeDecoderGraph, vaeEncoderGraph, vaeWeightShapes } from '../../../src/pipeline/models/vae.js'
import { inPlainOperators } from '../../support/cudaKernels.js'
import { difference, fixture, onCpu, run } from './support.js'

const all = [
  ['vae-sd1', 'batches, oblong pictures'],
  ['vae-bare', 'no attention, no 1×1 convolutions, another activation'],
  ['vae-legacy', 'attention under its old names'],
]

async function load(name: string) {
  const { config, where, ...rest } = await fixture(name)
  return { config: parseVaeConfig(config, where), ...rest }
}

test.each(all)('%s decodes as diffusers: %s', async name => {
  const { config, weights, calls, expected } = await load(name)
  for (let i = 0; i < calls; i++) {
    const latents = expected(`${i}.latents`)
    const [batch, , height, width] = latents.dims
    const { sample } = await run(vaeDecoderGraph(config, weights, { batch, height, width }, onCpu), { latents })
    expect(difference(sample, expected(`${i}.decoded`))).toBeLessThan(1e-5)
  }
})

test.each(all)('%s encodes as diffusers: %s', async name => {
  const { config, weights, calls, expected } = await load(name)
  for (let i = 0; i < calls; i++) {
    const sample = expected(`${i}.sample`)
    const [batch, , height, width] = sample.dims
    const { moments } = await run(vaeEncoderGraph(config, weights, { batch, height, width }, onCpu), { sample })
    expect(difference(moments, expected(`${i}.moments`))).toBeLessThan(1e-5)
  }
})

describe('attention in the VAE', () => {
  test('is not sliced, as diffusers does not slice it', async () => {
    const { config, weights } = await load('vae-sd1')
    const graph = (attention: Parameters<typeof vaeDecoderGraph>[3]['attention']) =>
      vaeDecoderGraph(config, weights, { batch: 1, height: 4, width: 4 }, { provider: 'cpu', attention })
    expect(graph({ kind: 'sliced', sliceSize: 2 })).toEqual(graph({ kind: 'fused' }))
  })

  test('is the same when plain', async () => {
    const { config, weights, expected } = await load('vae-sd1')
    const options = { provider: 'cpu', attention: { kind: 'plain' } } as const
    const graph = vaeDecoderGraph(config, weights, { batch: 2, height: 4, width: 4 }, options)
    const { sample } = await run(graph, { latents: expected('0.latents') })
    expect(difference(sample, expected('0.decoded'))).toBeLessThan(1e-5)
  })
})

test('half precision is another picture, slightly', async () => {
  const { config, weights, expected } = await load('vae-bare')
  const options = { ...onCpu, provider: 'cuda', precision: 'float16' } as const
  const graph = vaeDecoderGraph(config, weights, { batch: 1, height: 3, width: 5 }, options)
  const { sample } = await run(inPlainOperators(graph), { latents: expected('0.latents') })
  const differs = difference(sample, expected('0.decoded'))
  expect(differs).toBeGreaterThan(1e-5)
  expect(differs).toBeLessThan(5e-3)
})

test('Stable Diffusion 1.x has 83,653,863 parameters', () => {
  const json = {
    block_out_channels: [128, 256, 512, 512],
    layers_per_block: 2,
    down_block_types: Array(4).fill('DownEncoderBlock2D'),
    up_block_types: Array(4).fill('UpDecoderBlock2D'),
  }
  const shapes = [...vaeWeightShapes(parseVaeConfig(json, 'vae/config.json')).values()]
  expect(shapes.reduce((sum, shape) => sum + shape.reduce((size, dim) => size * dim, 1), 0)).toBe(83_653_863)
})
