import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CallOptions, Generator, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { expectClose } from '../../support/compare.js'
import { readTensors } from '../../support/tensors.js'
import { fixture, readJson } from './fixtures.js'

const expected = readTensors(fixture('lora/expected.safetensors'))
const told = readJson<Record<string, unknown>>(fixture('lora/told.json'))
const lora = (name: string) => fixture(`lora/${name}.safetensors`)

let pipeline: StableDiffusionPipeline

beforeAll(async () => {
  pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
})
afterAll(() => pipeline?.dispose())
beforeEach(() => {
  pipeline.unloadLoraWeights()
  pipeline.unfuseLora()
  pipeline.enableLora()
})

async function expectDrawn(name: string, options: CallOptions = {}): Promise<void> {
  const call: CallOptions = { numInferenceSteps: 2, generator: new Generator(7), outputType: 'latent' }
  const { latents } = await pipeline('photograph of a vintage car', { ...call, ...options })
  expectClose(latents!.data, expected.floats(name).data, 2e-3, name)
}

describe('latents with LoRA equal those of diffusers with peft', () => {
  // peft: both parts, all linear and convolution layers; old: attention alone; kohya: alphas; metadata: alphas in the header
  it.each(['peft', 'diffusers', 'old', 'kohya', 'metadata'])('names of %s', async name => {
    await pipeline.loadLoraWeights(lora(name))
    await expectDrawn(name)
    await expectDrawn('none', { crossAttentionKwargs: { scale: 0 } })
  })

  // diffusers has neither for Stable Diffusion 1: judged by the papers' formulas
  it.each(['loha', 'lokr', 'locon-tucker', 'loha-tucker', 'lokr-tucker'])('LyCORIS’ %s', async name => {
    await pipeline.loadLoraWeights(lora(name))
    await expectDrawn(name)
    pipeline.fuseLora()
    await expectDrawn(name)
  })

  it('several at once: which are active, their weights, the scale of a call', async () => {
    await pipeline.loadLoraWeights(lora('peft'), { adapterName: 'style' })
    await pipeline.loadLoraWeights(lora('kohya'), { adapterName: 'detail' })
    expect(pipeline.getActiveAdapters()).toEqual(told['active after loading two'])
    const { unet, text_encoder: textEncoder } = told.list as Record<string, string[]>
    expect(pipeline.getListAdapters()).toEqual({ unet, textEncoder })
    await expectDrawn('loaded two')
    await expectDrawn('scale', { crossAttentionKwargs: { scale: 0.5 } })

    pipeline.setAdapters(['style', 'detail'], [0.7, -0.4])
    expect(pipeline.getActiveAdapters()).toEqual(told['active after set'])
    await expectDrawn('two')
    await expectDrawn('two scaled', { crossAttentionKwargs: { scale: 0.5 } })

    pipeline.setAdapters('detail', { unet: 0.5 })
    await expectDrawn('by part')
  })

  it('fused, which no scale of a call changes and no unloading takes away', async () => {
    await pipeline.loadLoraWeights(lora('peft'), { adapterName: 'style' })
    await pipeline.loadLoraWeights(lora('kohya'), { adapterName: 'detail' })
    pipeline.setAdapters(['style', 'detail'], [0.7, -0.4])
    pipeline.fuseLora({ loraScale: 0.6 })
    await expectDrawn('fused')
    await expectDrawn('fused scaled', { crossAttentionKwargs: { scale: 0.5 } })
    pipeline.unfuseLora()
    await expectDrawn('two')
    pipeline.fuseLora({ loraScale: 0.6 })
    pipeline.unloadLoraWeights()
    await expectDrawn('fused unloaded')
    pipeline.unfuseLora()
    await expectDrawn('none')
  })

  it('disabled, enabled, one of two deleted, and the base when all are unloaded', async () => {
    await pipeline.loadLoraWeights(lora('peft'), { adapterName: 'style' })
    pipeline.disableLora()
    await expectDrawn('disabled')
    pipeline.enableLora()
    await expectDrawn('peft')
    await pipeline.loadLoraWeights(lora('kohya'), { adapterName: 'detail' })
    pipeline.deleteAdapters('detail')
    pipeline.setAdapters('style')
    await expectDrawn('peft')
    pipeline.unloadLoraWeights()
    await expectDrawn('none')
    expect(pipeline.getListAdapters()).toEqual({})
  })
})
