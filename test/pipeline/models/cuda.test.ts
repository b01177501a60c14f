import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseClipConfig } from '../../../src/pipeline/models/clipConfig.js'
import { controlNetGraph, parseControlNetConfig } from '../../../src/pipeline/models/controlNet.js'
import { controlNetModel } from '../../../src/pipeline/models/controlNetModel.js'
import { safetyCheckerGraph } from '../../../src/pipeline/models/safetyChecker.js'
import { steering } from '../../../src/pipeline/models/steering.js'
import { parseTinyVaeConfig, tinyVaeDecoderGraph, tinyVaeEncoderGraph } from '../../../src/pipeline/models/tinyVae.js'
import { parseUNetConfig, type UNetShape, unetGraph, unetWeightShapes } from '../../../src/pipeline/models/unet.js'
import { parseVaeConfig, vaeDecoderGraph, vaeEncoderGraph } from '../../../src/pipeline/models/vae.js'
import type { ModelGraph, Node } from '../../../src/pipeline/onnx/graph.js'
import type { LayerOptions } from '../../../src/pipeline/onnx/layers.js'
import { pieces } from '../../../src/pipeline/onnx/pieces.js'
import { serialized } from '../../../src/pipeline/onnx/serialized.js'
import { sessionOptions } from '../../../src/pipeline/runtime/sessionOptions.js'
import { readSafetensors, type Weights } from '../../../src/pipeline/weights/safetensors.js'
import { inFloat32, inPlainOperators, withCudaKernel } from '../../support/cudaKernels.js'
import { readJson } from '../parity/fixtures.js'
import { difference, fixture, onCpu, run, type Values } from './support.js'

const onCuda: LayerOptions = { provider: 'cuda', precision: 'float16', attention: { kind: 'fused' } }

/** A part of a pipeline's fixture. */
async function part(name: string, file = 'diffusion_pytorch_model') {
  const path = join(import.meta.dirname, '../../fixtures/pipelines', name)
  const weights = await readSafetensors(join(path, `${file}.safetensors`))
  return { json: readJson<Record<string, unknown>>(join(path, 'config.json')), where: `${name}/config.json`, weights }
}

/** A call of a U-Net's fixture: its graph for CUDA, what it takes, and what diffusers gives. */
function unetCall({ config, where, weights, expected }: Awaited<ReturnType<typeof fixture>>, call: number) {
  const [sample, timestep, text] = ['sample', 'timestep', 'encoder_hidden_states'].map(key =>
    expected(`${call}.${key}`),
  )
  const [batch, , height, width] = sample.dims
  const shape = { batch, height, width, sequenceLength: text.dims[1] }
  return {
    graph: unetGraph(parseUNetConfig(config, where), weights, shape, onCuda),
    inputs: { sample, timestep, encoder_hidden_states: text },
    theirs: expected(`${call}.out_sample`),
  }
}

/** Values that differ from one to the next. */
function wave(...dims: number[]): Values {
  const size = dims.reduce((a, b) => a * b)
  return { dims, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i / 3 + dims.length)) }
}

/** What the graph means, without what half precision loses. */
const runPlain = (graph: ModelGraph, inputs: Record<string, Values>) => run(inFloat32(inPlainOperators(graph)), inputs)

/** A U-Net with a ControlNet in its graph, which the first of two items is told nothing of. */
async function steered() {
  const [unet, net] = [await part('sd2/unet'), await part('controlnet')]
  const config = parseUNetConfig(unet.json, unet.where)
  const placement = { device: 'cpu', dtype: 'float32', attention: { kind: 'fused' } } as const
  const controlnet = controlNetModel(parseControlNetConfig(net.json, net.where), net.weights, placement, 'net')
  const cond = wave(1, 3, 24, 32)
  const picture = { ...cond, type: 'float32', data: cond.data as Float32Array } as const
  const { graph, inputs } = steering([{ controlnet, picture, rows: [0], scale: 0.5, guessMode: true }], 1)
  const shape = { batch: 2, height: 6, width: 8, sequenceLength: 7, steering: graph }
  return {
    inputs,
    graph: (deepFeature: UNetShape['deepFeature']) => (options: LayerOptions) =>
      unetGraph(config, unet.weights, { ...shape, deepFeature }, options),
  }
}

async function vae(name: string) {
  const { config, where, ...rest } = await fixture(name)
  return { config: parseVaeConfig(config, where), ...rest }
}

describe('with its operators spelled out it gives what diffusers gives:', () => {
  test.each([
    'unet-sd1',
    'unet-sd2',
    'unet-one-block',
    'unet-scale-shift',
    'unet-uneven',
    'unet-odd-numbers',
    'unet-relu',
    'unet-float16',
    'unet-bfloat16',
    'unet-sharded',
  ])('%s', async name => {
    const unet = await fixture(name)
    for (let i = 0; i < unet.calls; i++) {
      const { graph, inputs, theirs } = unetCall(unet, i)
      const { out_sample } = await runPlain(graph, inputs)
      expect(difference(out_sample, theirs)).toBeLessThan(1e-5)
    }
  })

  test.each(['vae-sd1', 'vae-bare', 'vae-legacy'])('%s', async name => {
    const { config, weights, calls, expected } = await vae(name)
    for (let i = 0; i < calls; i++) {
      const [latents, picture] = [expected(`${i}.latents`), expected(`${i}.sample`)]
      const shape = ({ dims: [batch, , height, width] }: Values) => ({ batch, height, width })
      const { sample } = await runPlain(vaeDecoderGraph(config, weights, shape(latents), onCuda), { latents })
      expect(difference(sample, expected(`${i}.decoded`))).toBeLessThan(1e-5)
      const encoder = vaeEncoderGraph(config, weights, shape(picture), onCuda)
      const { moments } = await runPlain(encoder, { sample: picture })
      expect(difference(moments, expected(`${i}.moments`))).toBeLessThan(1e-5)
    }
  })
})

describe('and what the graph of the CPU gives:', () => {
  const shape = { batch: 2, height: 6, width: 8, sequenceLength: 7 }
  const inputs = {
    sample: wave(2, 5, 6, 8),
    timestep: { dims: [1], data: Float32Array.of(321.5) },
    encoder_hidden_states: wave(2, 7, 40),
  }

  async function expectSame(graph: (options: LayerOptions) => ModelGraph, inputs: Record<string, Values>) {
    const [theirs, ours] = [await run(graph(onCpu), inputs), await runPlain(graph(onCuda), inputs)]
    for (const key of Object.keys(theirs)) expect(difference(ours[key], theirs[key]), key).toBeLessThan(1e-5)
    return ours
  }

  test.each(['controlnet', 'controlnet-pooled'])('%s', async name => {
    const { json, where, weights } = await part(name)
    const config = parseControlNetConfig(json, where)
    await expectSame(options => controlNetGraph(config, weights, shape, options), {
      ...inputs,
      controlnet_cond: wave(2, 3, 24, 32),
      scales: { dims: [10], data: new Float32Array(10).fill(0.5) },
    })
  })

  test('a ControlNet in the U-Net’s graph, for one of two items; all layers, and the outermost alone', async () => {
    const { graph, inputs: more } = await steered()
    const { deep_feature } = await expectSame(graph('told'), { ...inputs, ...more })
    await expectSame(graph('given'), { ...inputs, ...more, deep_feature })
  })

  test('the tiny autoencoder', async () => {
    const { json, where, weights } = await part('taesd')
    const config = parseTinyVaeConfig(json, where)
    const of = (height: number, width: number) => ({ batch: 2, height, width })
    await expectSame(options => tinyVaeDecoderGraph(config, weights, of(3, 5), options), {
      latents: wave(2, config.latentChannels, 3, 5),
    })
    await expectSame(options => tinyVaeEncoderGraph(config, weights, of(24, 40), options), {
      sample: wave(2, 3, 24, 40),
    })
  })

  test('the safety checker', async () => {
    const { json, where, weights } = await part('checked/safety_checker', 'model')
    const config = parseClipConfig(json, where)
    const pixels = { pixel_values: wave(1, 3, 30, 30) }
    await expectSame(options => safetyCheckerGraph(config, weights, options), pixels)
  })
})

test('in half precision itself, to what that holds', async () => {
  const { graph, inputs, theirs } = unetCall(await fixture('unet-sd2'), 0)
  const { out_sample } = await run(inPlainOperators(graph), inputs)
  const apart = difference(out_sample, theirs)
  expect(apart).toBeGreaterThan(1e-5)
  expect(apart).toBeLessThan(5e-3)
})

describe('onnxruntime finds nothing wrong with a graph, but that the CPU has no such kernels:', () => {
  let folder: string
  /** of the widths that CUDA's operators are made for */
  let wide: { config: ReturnType<typeof parseUNetConfig>; weights: Weights }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wide-'))
    const json = {
      ...{ block_out_channels: [320], layers_per_block: 1, cross_attention_dim: 8, mid_block_type: null },
      ...{ down_block_types: ['CrossAttnDownBlock2D'], up_block_types: ['UpBlock2D'] },
    }
    const config = parseUNetConfig(json, 'unet/config.json')
    wide = { config, weights: await nothing(join(folder, 'weights'), unetWeightShapes(config)) }
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Weights of zeros, in a file that takes no room. */
  async function nothing(file: string, shapes: ReadonlyMap<string, readonly number[]>): Promise<Weights> {
    let offset = 0
    const weights: Weights = new Map()
    for (const [key, shape] of shapes) {
      const length = 2 * shape.reduce((size, dim) => size * dim, 1)
      weights.set(key, { dtype: 'F16', shape: [...shape], file, offset, length })
      offset += length
    }
    const handle = await open(file, 'w')
    await handle.truncate(offset)
    await handle.close()
    return weights
  }

  const small = { batch: 2, height: 4, width: 6, sequenceLength: 3 }
  const wideGraph = () => unetGraph(wide.config, wide.weights, small, onCuda)

  async function load(graph: ModelGraph): Promise<void> {
    const model = serialized(graph)
    const session = await InferenceSession.create(model.bytes, sessionOptions('cpu', model))
    await session.release()
  }

  const noKernel = /^Failed to find kernel for com\.microsoft\.(NhwcConv|GroupNorm|SkipGroupNorm|BiasSplitGelu)\(1\)/

  test('a U-Net of 320 channels, which has all of them', async () => {
    const types = new Set(wideGraph().nodes.map(({ type }) => type))
    for (const type of ['NhwcConv', 'GroupNorm', 'SkipGroupNorm', 'BiasSplitGelu', 'MultiHeadAttention'])
      expect(types).toContain(type)
    for (const type of ['Conv', 'InstanceNormalization', 'Gelu']) expect(types).not.toContain(type)
    await expect(load(wideGraph())).rejects.toThrow(noKernel)
  })

  test('a small U-Net, the autoencoders, a ControlNet; and all else they hold has kernels on CUDA', async () => {
    const { config, where, weights } = await fixture('unet-scale-shift')
    const { config: vaeConfig, weights: vaeWeights } = await vae('vae-sd1')
    const [net, pooled, tiny] = [await part('controlnet'), await part('controlnet-pooled'), await part('taesd')]
    const controlNet = ({ json, where, weights }: typeof net) =>
      controlNetGraph(parseControlNetConfig(json, where), weights, small, onCuda)
    const graphs = [
      wideGraph(),
      unetGraph(parseUNetConfig(config, where), weights, small, onCuda),
      vaeDecoderGraph(vaeConfig, vaeWeights, small, onCuda),
      vaeEncoderGraph(vaeConfig, vaeWeights, { ...small, height: 8, width: 12 }, onCuda),
      controlNet(net),
      controlNet(pooled),
      (await steered()).graph('told')(onCuda),
      tinyVaeDecoderGraph(parseTinyVaeConfig(tiny.json, tiny.where), tiny.weights, small, onCuda),
    ]
    for (const graph of graphs) {
      expect(graph.nodes.filter(({ type }) => !withCudaKernel.has(type))).toEqual([])
      await expect(load(graph)).rejects.toThrow(noKernel)
    }
  })

  test.each<[string, string, (node: Node) => Partial<Node>, RegExp]>([
    [
      'an attribute',
      'GroupNorm',
      ({ attributes }) => ({ attributes: { ...attributes, swish: 1 } }),
      /attribute: swish/,
    ],
    ['a type', 'SkipGroupNorm', ({ inputs: [x, gamma, , skip] }) => ({ inputs: [x, gamma, x, skip] }), /Type Error/],
    [
      'a shape',
      'NhwcConv',
      ({ attributes }) => ({ attributes: { ...attributes, strides: [1] } }),
      /ShapeInferenceError/,
    ],
  ])('%s that is wrong, in the last of them, it tells first', async (_, type, change, message) => {
    const graph = wideGraph()
    const last = graph.nodes.findLast(node => node.type === type)!
    const nodes = graph.nodes.map(node => (node === last ? { ...node, ...change(node) } : node))
    await expect(load({ ...graph, nodes })).rejects.toThrow(message)
  })
})

describe('images', () => {
  const isWeight = ({ initializers }: ModelGraph, name: string) => initializers.has(name)

  /** Names of what a Transpose moves, without weights, and casts of weights. */
  function moved(graph: ModelGraph): string[] {
    const made = new Map(graph.nodes.flatMap(node => node.outputs.map(({ name }) => [name, node] as const)))
    const origin = (name: string): string => {
      const node = made.get(name)
      return node?.type === 'Cast' ? origin(node.inputs[0]!.name) : name
    }
    return graph.nodes
      .filter(({ type }) => type === 'Transpose')
      .map(({ inputs }) => origin(inputs[0]!.name))
      .filter(name => !isWeight(graph, name))
  }

  test('have their channels last from the first convolution to the last', async () => {
    const { config, where, weights } = await fixture('unet-sd1')
    const shape = { batch: 1, height: 8, width: 8, sequenceLength: 3 }
    expect(moved(unetGraph(parseUNetConfig(config, where), weights, shape, onCuda))).toEqual([
      'sample',
      expect.stringMatching('NhwcConv'),
    ])
    const { config: vaeConfig, weights: vaeWeights } = await vae('vae-sd1')
    expect(moved(vaeDecoderGraph(vaeConfig, vaeWeights, shape, onCuda))).toEqual([
      'latents',
      expect.stringMatching('NhwcConv'),
    ])
  })

  test('have in the graph the shape in which they lie, which its pieces tell each other', async () => {
    const { graph, inputs, theirs } = unetCall(await fixture('unet-sd1'), 0)
    for (const node of graph.nodes)
      for (const value of [...node.inputs, ...node.outputs]) expect(value?.channelsLast).toBeUndefined()

    let values: Record<string, Values> = inputs
    const cut = pieces(inFloat32(inPlainOperators(graph)), 2 ** 14)
    expect(cut.length).toBeGreaterThan(10)
    for (const piece of cut) {
      const taken = Object.fromEntries(piece.inputs.map(({ name }) => [name, values[name]]))
      values = { ...values, ...(await run(piece, taken)) }
    }
    expect(difference(values.out_sample, theirs)).toBeLessThan(1e-5)
  })
})
