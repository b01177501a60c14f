import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { formatParameters, parseParameters } from '../../../src/pipeline/image/parameters.js'
import { callOptions, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { writeSafetensors } from '../../support/safetensors.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/pipelines/${name}`, import.meta.url))

let folder: string
let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sdnb-lora-'))
  pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
})
afterAll(async () => {
  await pipeline?.dispose()
  rmSync(folder, { recursive: true })
})
afterEach(() => pipeline.unloadLoraWeights())

/** Of the U-Net's first block, [32, 32, 3, 3]. */
const conv = 'unet.down_blocks.0.resnets.0.conv1'
/** Of its first query, [32, 32]. */
const query = 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q'

function file(tensors: Record<string, number[]>, metadata?: Record<string, string>): string {
  const path = join(folder, 'some.safetensors')
  writeSafetensors(path, Object.fromEntries(Object.entries(tensors).map(([key, shape]) => [key, { shape }])), metadata)
  return path
}

describe('a LoRA that does not fit is refused by the key', () => {
  it.each<[string, Record<string, number[]>, string]>([
    [
      'a layer that is not there, as of SDXL',
      { 'lora_unet_input_blocks_4_1_transformer_blocks_9_attn1_to_q.lora_down.weight': [4, 32] },
      '"lora_unet_input_blocks_4_1_transformer_blocks_9_attn1_to_q.lora_down.weight" is for a layer that this model has not',
    ],
    [
      'another width',
      { [`${query}.lora_A.weight`]: [4, 320], [`${query}.lora_B.weight`]: [320, 4] },
      `"${query}.lora_A.weight" and its like: expected down of 4 × 32 for a weight [32, 32], got [4, 320]`,
    ],
    [
      'ranks that differ',
      { [`${query}.lora_A.weight`]: [4, 32], [`${query}.lora_B.weight`]: [32, 5] },
      'expected up of 32 × 4 for a weight [32, 32], got [32, 5]',
    ],
    ['half of a pair', { [`${query}.lora_A.weight`]: [4, 32] }, 'expected up of the same layer, found none'],
    ['an alpha alone', { [`${query}.alpha`]: [] }, 'expected matrices beside the alpha, found none'],
    [
      'one layer twice',
      { [`${query}.lora_A.weight`]: [4, 32], [`${query}.lora.down.weight`]: [4, 32] },
      `holds down of "${query}" twice, once as "${query}.lora.down.weight"`,
    ],
    ['DoRA', { [`${query}.lora_magnitude_vector`]: [32] }, `"${query}.lora_magnitude_vector" is DoRA, which scales`],
    [
      'a core for a layer that is no convolution',
      { [`${query}.hada_w1_a`]: [4, 32], [`${query}.hada_w1_b`]: [4, 32], [`${query}.hada_t1`]: [4, 4, 3, 3] },
      'hada_t1 is for a convolution, the layer has a weight [32, 32]',
    ],
    [
      'a core of another kernel',
      {
        [`${conv}.lora_down.weight`]: [4, 32, 1, 1],
        [`${conv}.lora_mid.weight`]: [4, 4, 5, 5],
        [`${conv}.lora_up.weight`]: [32, 4, 1, 1],
      },
      'expected mid of [4, 4, 3, 3] for a weight [32, 32, 3, 3], got [4, 4, 5, 5]',
    ],
    [
      'factors of another rank',
      { [`${query}.lokr_w1`]: [4, 4], [`${query}.lokr_w2_a`]: [8, 3], [`${query}.lokr_w2_b`]: [2, 8] },
      'expected lokr_w2_a of 8 × 2 for a weight [32, 32], got [8, 3]',
    ],
    [
      'a whole weight',
      { [`${query}.diff`]: [32, 32] },
      "is a whole weight or bias (LyCORIS' full and norm), which is not",
    ],
    ['another method', { [`${query}.vera_lambda`]: [32] }, 'is of no form that is known, which is not run here'],
    [
      'a LoKr of another size',
      { [`${query}.lokr_w1`]: [4, 4], [`${query}.lokr_w2`]: [9, 8] },
      'expected factors of a weight [32, 32], got 4 × 4 and 9 × 8',
    ],
  ])('%s', async (_, tensors, message) => {
    await expect(pipeline.loadLoraWeights(file(tensors))).rejects.toThrow(message)
    expect(pipeline.getListAdapters()).toEqual({})
  })

  it('metadata that are no JSON', async () => {
    const pair = { [`${query}.lora_A.weight`]: [4, 32], [`${query}.lora_B.weight`]: [32, 4] }
    await expect(pipeline.loadLoraWeights(file(pair, { lora_adapter_metadata: '{' }))).rejects.toThrow(
      'lora_adapter_metadata of its header is not JSON',
    )
  })
})

it('keys without the names of a part have no effect, which a warning tells', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const key = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight'
  await pipeline.loadLoraWeights(file({ [key]: [4, 32] }))
  expect(warn.mock.calls).toEqual([
    [
      expect.stringMatching(
        `keys without effect: ${key}; expected names that begin with unet.*The file changes nothing`,
      ),
    ],
  ])
  expect(pipeline.getListAdapters()).toEqual({})
  warn.mockRestore()
})

it('a U-Net’s layers are known by their names in the original layout, too', async () => {
  const layer = 'lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_k'
  await pipeline.loadLoraWeights(file({ [`${layer}.lora_down.weight`]: [2, 32], [`${layer}.lora_up.weight`]: [32, 2] }))
  const [adapter] = pipeline.unet.adapters.loaded.values()
  expect([...adapter.keys()]).toEqual(['down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k'])
})

it('what is misnamed, named twice, or of no file', async () => {
  const pair = { [`${query}.lora_A.weight`]: [4, 32], [`${query}.lora_B.weight`]: [32, 4] }
  const path = file(pair)
  await pipeline.loadLoraWeights(path)
  await pipeline.loadLoraWeights(path)
  expect(pipeline.getListAdapters()).toEqual({ unet: ['default_0', 'default_1'] })
  await expect(pipeline.loadLoraWeights(path, { adapterName: 'default_1' })).rejects.toThrow('"default_1" is in use')
  await expect(pipeline.loadLoraWeights(path, { name: 'x' } as never)).rejects.toThrow('unknown option "name"')
  expect(() => pipeline.setAdapters('other')).toThrow('no adapter "other" is loaded; loaded are default_0, default_1')
  expect(() => pipeline.setAdapters(['default_0', 'default_1'], [1])).toThrow('a weight an adapter (2), got 1')
  expect(() => pipeline.setAdapters('default_0', Number.NaN)).toThrow('the weight of an adapter must be a number')
  expect(() => pipeline.setAdapters('default_0', { vae: 1 } as never)).toThrow('unknown option "vae"')
  await expect(pipeline('a car', { crossAttentionKwargs: { gate: 1 } as never })).rejects.toThrow(
    'unknown option "gate"',
  )
  await expect(pipeline('a car', { crossAttentionKwargs: { scale: Number.NaN } })).rejects.toThrow(
    'crossAttentionKwargs.scale must be a number',
  )
  await expect(pipeline.loadLoraWeights(join(folder, 'nowhere'))).rejects.toThrow(
    'expected a file, a folder or a hub id (owner/name), got',
  )

  const pickle = join(folder, 'lora.bin')
  writeFileSync(pickle, 'pickle')
  await expect(pipeline.loadLoraWeights(pickle)).rejects.toThrow('opening one can run any code')
})

it('a picture’s parameters tell which LoRA and tokens made it', async () => {
  const options = { numInferenceSteps: 1, height: 64, width: 64, seed: 1, crossAttentionKwargs: { scale: 0.5 } }
  const told = async () => (await pipeline('a car', options)).images[0].parameters
  expect(await told()).not.toHaveProperty('lora')
  await pipeline.loadLoraWeights(fixture('lora/peft.safetensors'), { adapterName: 'style' })
  await pipeline.loadLoraWeights(fixture('lora/metadata.safetensors'), { adapterName: 'more' })
  pipeline.setAdapters(['style', 'more'], [{ unet: 0.7, textEncoder: 0.2 }, -0.4])
  await pipeline.loadTextualInversion(fixture('inversion/diffusers.bin'))
  const parameters = await told()
  expect(parameters).toMatchObject({ lora: 'style 0.7/0.2, more -0.4', loraScale: 0.5, textualInversion: '<toy>' })
  expect(callOptions(parameters!)).toMatchObject({ crossAttentionKwargs: { scale: 0.5 } })
  expect(parseParameters(formatParameters(parameters!))).toMatchObject({
    lora: 'style 0.7/0.2, more -0.4',
    loraScale: 0.5,
  })
  pipeline.fuseLora({ loraScale: 0.5, adapterNames: ['more'] })
  expect(await told()).toMatchObject({ lora: 'style 0.7/0.2, more fused -0.2' })
  pipeline.unfuseLora()
  pipeline.unloadTextualInversion()
})

it('of a folder the usual file, the one that is named, or the only one', async () => {
  const inside = join(folder, 'two')
  mkdirSync(inside)
  const pair = (layer: string) => ({
    [`${layer}.lora_A.weight`]: { shape: [4, 32] },
    [`${layer}.lora_B.weight`]: { shape: [32, 4] },
  })
  writeSafetensors(join(inside, 'a.safetensors'), pair(query))
  await pipeline.loadLoraWeights(inside, { adapterName: 'a' })
  writeSafetensors(join(inside, 'b.safetensors'), pair(query))
  await expect(pipeline.loadLoraWeights(inside)).rejects.toThrow('it holds a.safetensors, b.safetensors')
  await pipeline.loadLoraWeights(inside, { adapterName: 'b', weightName: 'b.safetensors' })
  writeSafetensors(join(inside, 'pytorch_lora_weights.safetensors'), pair(query))
  await pipeline.loadLoraWeights(inside, { adapterName: 'usual' })
  expect(pipeline.getListAdapters().unet).toEqual(['a', 'b', 'usual'])
})
