import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Generator, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { type Quantization, quantizedWeights, tables } from '../../../src/pipeline/weights/quantizedWeights.js'
import { componentWeights } from '../../../src/pipeline/weights/repository.js'
import type { WeightTensor } from '../../../src/pipeline/weights/safetensors.js'
import { tensorValues } from '../../../src/pipeline/weights/tensorValues.js'
import { expectClose, maxRelativeDifference } from '../../support/compare.js'
import { writeSafetensors } from '../../support/safetensors.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/pipelines/${name}`, import.meta.url))
const lora = (name: string) => fixture(`lora/${name}.safetensors`)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdnb-lora-quantized-'))
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

// As peft beside bitsandbytes: base(x) + adapters(x). The base is judged by a model whose files hold what the few bits stand for.
describe.each(['int8', 'nf4'] as const)(
  'adapters on a model in %s are added to what its layers compute',
  quantization => {
    let quantized: StableDiffusionPipeline
    let whole: StableDiffusionPipeline
    beforeAll(async () => {
      quantized = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu', quantization })
      whole = await StableDiffusionPipeline.fromPretrained(await madeWhole(quantization), { device: 'cpu' })
    })
    afterAll(async () => {
      await Promise.all([quantized?.dispose(), whole?.dispose()])
    })

    async function drawn(pipeline: StableDiffusionPipeline, scale?: number): Promise<Float32Array> {
      const call = { numInferenceSteps: 2, generator: new Generator(7), outputType: 'latent' } as const
      const adapted = scale === undefined ? call : { ...call, crossAttentionKwargs: { scale } }
      return (await pipeline('photograph of a vintage car', adapted)).latents!.data
    }
    const both = (change: (pipeline: StableDiffusionPipeline) => unknown) => Promise.all([quantized, whole].map(change))

    it('two LoRA with weights, a scale, one of them, fused, none', async () => {
      const expectSame = async (what: string, scale?: number) =>
        expectClose(await drawn(quantized, scale), await drawn(whole, scale), 1e-4, what)
      await expectSame('none')
      const none = await drawn(quantized)

      await both(pipeline => pipeline.loadLoraWeights(lora('peft'), { adapterName: 'style' }))
      await both(pipeline => pipeline.loadLoraWeights(lora('kohya'), { adapterName: 'detail' }))
      await both(pipeline => pipeline.setAdapters(['style', 'detail'], [0.7, -0.4]))
      await expectSame('two')
      await expectSame('two scaled', 0.5)
      expect(maxRelativeDifference(await drawn(quantized), none)).toBeGreaterThan(0.05)
      expectClose(await drawn(quantized, 0), none, 1e-4, 'of no weight')

      await both(pipeline => pipeline.setAdapters('detail', { unet: 0.5, textEncoder: 0.2 }))
      await expectSame('by part')

      await both(pipeline => pipeline.fuseLora({ loraScale: 0.6 }))
      await expectSame('fused')
      await both(pipeline => pipeline.unloadLoraWeights())
      await expectSame('fused, unloaded')
      await both(pipeline => pipeline.unfuseLora())
      expect(await drawn(quantized)).toEqual(none)
    })

    it.each(['loha', 'lokr', 'locon-tucker', 'loha-tucker'])(
      'LyCORIS’ %s, beside the network and fused',
      async name => {
        await both(pipeline => pipeline.loadLoraWeights(lora(name)))
        expectClose(await drawn(quantized), await drawn(whole), 1e-4, name)
        await both(pipeline => pipeline.fuseLora())
        expectClose(await drawn(quantized), await drawn(whole), 1e-4, `${name}, fused`)
        await both(pipeline => pipeline.unloadLoraWeights())
        await both(pipeline => pipeline.unfuseLora())
      },
    )
  },
)

/** A copy of the model whose layers hold, in float32, what they are in few bits. */
async function madeWhole(quantization: Quantization): Promise<string> {
  const made = join(folder, quantization)
  cpSync(fixture('sd1'), made, { recursive: true })
  for (const [part, file] of [
    ['unet', 'diffusion_pytorch_model'],
    ['text_encoder', 'model'],
  ]) {
    const tensors = await quantizedWeights(await componentWeights(fixture('sd1'), part), quantization)
    const values = [...tensors].map(async ([key, tensor]) => [
      key,
      { shape: tensor.shape, values: [...(await valuesOf(tensor))] },
    ])
    writeSafetensors(join(made, part, `${file}.safetensors`), Object.fromEntries(await Promise.all(values)))
  }
  return made
}

async function valuesOf(tensor: WeightTensor): Promise<Float32Array> {
  const { quantized } = tensor
  if (!quantized) return (await tensorValues([tensor]))[0]
  const { type, codes, scale } = quantized
  const bytes = readFileSync(codes.file).subarray(codes.offset, codes.offset + codes.length)
  const [scales] = await tensorValues([scale])
  const count = tensor.shape.reduce((product, dim) => product * dim, 1)
  const perScale = type === 'int8' ? count / tensor.shape[0] : 64
  return Float32Array.from({ length: count }, (_, i) => {
    const code = type === 'int8' ? bytes.readInt8(i) : tables[type][(bytes[i >> 1] >> (i % 2 ? 0 : 4)) & 15]
    return code * scales[Math.floor(i / perScale)]
  })
}
