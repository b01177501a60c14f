import { describe, expect, test } from 'vitest'
import {
  AutoencoderKL,
  CLIPTextModel,
  DiffusionPipeline,
  ModelNotFoundError,
  UNet2DConditionModel,
  UnsupportedModelError,
} from '../../../src/pipeline/index.js'
import { expectClose } from '../../support/compare.js'
import { asTensor, fixture, reference } from '../parity/fixtures.js'

const cpu = { device: 'cpu' } as const

describe('a part that loads alone', () => {
  const { parts, expected } = reference('sd2')

  test('computes what diffusers’ does: text encoder, U-Net and autoencoder', async () => {
    const textEncoder = await CLIPTextModel.fromPretrained(fixture('sd2'), { ...cpu, subfolder: 'text_encoder' })
    const { lastHiddenState } = await textEncoder(parts.sd2.inputIds.slice(0, 2))
    const embeddings = expected.floats('sd2.embeddings')
    expectClose(lastHiddenState.data, embeddings.data.slice(0, lastHiddenState.data.length), 1e-4, 'embeddings')

    const unet = await UNet2DConditionModel.fromPretrained(fixture('sd2/unet'), cpu)
    const { sample } = await unet(asTensor(expected.floats('sd2.unet.sample')), 801.5, {
      encoderHiddenStates: lastHiddenState,
    })
    expectClose(sample.data, expected.floats('sd2.unet.out').data, 1e-4, 'prediction')

    const vae = await AutoencoderKL.fromPretrained(`${fixture('sd2')}/`, { ...cpu, subfolder: 'vae' })
    const decoded = await vae.decode(asTensor(expected.floats('sd2.vae.mode')))
    expectClose(decoded.sample.data, expected.floats('sd2.vae.decoded').data, 1e-4, 'picture')
    await Promise.all([textEncoder, unet, vae].map(part => part.release()))
  })

  test('takes the place of a pipeline’s own', async () => {
    await using pipeline = await DiffusionPipeline.fromPretrained(fixture('sd1'), cpu)
    const options = { seed: 3, numInferenceSteps: 2 }
    const own = await pipeline('a car', options)
    pipeline.vae = await AutoencoderKL.fromPretrained(fixture('half'), { ...cpu, subfolder: 'vae' })
    const other = await pipeline('a car', options)
    expect(other.images[0].data).not.toEqual(own.images[0].data)
  })

  test('from a whole pipeline must be named', async () => {
    await expect(AutoencoderKL.fromPretrained(fixture('sd1'), cpu)).rejects.toThrow(
      "sd1: expected config.json: there is none; it is a whole pipeline: name a part of it, such as subfolder: 'vae'",
    )
    await expect(AutoencoderKL.fromPretrained(fixture('sd1'), { ...cpu, subfolder: 'vea' })).rejects.toThrow(
      ModelNotFoundError,
    )
  })

  test('of another class is refused by name', async () => {
    const wrong = AutoencoderKL.fromPretrained(fixture('sd1'), { ...cpu, subfolder: 'unet' })
    await expect(wrong).rejects.toThrow(UnsupportedModelError)
    await expect(wrong).rejects.toThrow('"_class_name" is "UNet2DConditionModel"; known here: AutoencoderKL')
  })

  test('checks its options', async () => {
    const options = { ...cpu, sub_folder: 'vae' } as object
    await expect(AutoencoderKL.fromPretrained(fixture('sd1'), options)).rejects.toThrow('unknown option "sub_folder"')
    await expect(AutoencoderKL.fromPretrained(fixture('sd1/vae'), { ...cpu, variant: 'fp16' })).rejects.toThrow(
      'expected weights of the variant "fp16"',
    )
  })
})
