import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import {
  AutoencoderKL,
  ControlNetModel,
  StableDiffusionInpaintPipeline,
  StableDiffusionPipeline,
  UNet2DConditionModel,
} from '../../../src/pipeline/index.js'
import { clipTextWeightShapes, parseClipTextConfig } from '../../../src/pipeline/models/clip.js'
import { controlNetWeightShapes, parseControlNetConfig } from '../../../src/pipeline/models/controlNet.js'
import { originalConfigs, originalControlNetConfig } from '../../../src/pipeline/models/originalConfigs.js'
import {
  openClipName,
  originalControlNetName,
  originalUNetName,
  originalVaeName,
} from '../../../src/pipeline/models/originalNames.js'
import { parseUNetConfig, unetWeightShapes } from '../../../src/pipeline/models/unet.js'
import { parseVaeConfig, vaeWeightShapes } from '../../../src/pipeline/models/vae.js'
import { editHeader } from '../../support/safetensors.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/pipelines/single/${name}`, import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdnb-single-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const load = (path: string, config?: string) =>
  StableDiffusionPipeline.fromSingleFile(path, { device: 'cpu', ...(config !== undefined && { config }) })

describe('a checkpoint of full size needs no configuration: its names and shapes tell it', () => {
  const spread = 'model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias'

  test('Stable Diffusion 1.x', async () => {
    const path = fullSize(1)
    const { unet, vae, textEncoder, scheduler, tokenizer } = await load(path)
    expect(unet.config).toMatchObject({ crossAttentionDim: 768, sampleSize: 64, linearProjection: false })
    expect(unet.config.blocks.map(({ attention }) => attention?.heads)).toEqual([8, 8, 8, undefined])
    expect(vae.config.scalingFactor).toBe(0.18215)
    expect(textEncoder.config).toMatchObject({ hiddenSize: 768, numHiddenLayers: 12, activation: 'quick_gelu' })
    expect(scheduler.config).toMatchObject({ _className: 'PNDMScheduler', predictionType: 'epsilon', betaEnd: 0.012 })
    expect(tokenizer('a photo of a cat').inputIds[0].slice(0, 8)).toEqual([
      49406, 320, 1125, 539, 320, 2368, 49407, 49407,
    ])
  })

  test('Stable Diffusion 2.x of 768 pixels predicts velocity', async () => {
    const { unet, textEncoder, scheduler, tokenizer } = await load(fullSize(2, [spread, 0.2]))
    expect(unet.config).toMatchObject({ crossAttentionDim: 1024, sampleSize: 96, linearProjection: true })
    expect(textEncoder.config).toMatchObject({ hiddenSize: 1024, numHiddenLayers: 23, activation: 'gelu' })
    expect(scheduler.config).toMatchObject({ _className: 'DDIMScheduler', predictionType: 'v_prediction' })
    expect(tokenizer('a cat').inputIds[0].slice(0, 5)).toEqual([49406, 320, 2368, 49407, 0])
  })

  test('Stable Diffusion 2.x of 512 pixels predicts noise', async () => {
    const { unet, scheduler } = await load(fullSize(2, [spread, 0.02]))
    expect(unet.config.sampleSize).toBe(64)
    expect(scheduler.config).toMatchObject({ _className: 'PNDMScheduler', predictionType: 'epsilon' })
  })

  test('one for inpainting is no text-to-image model', async () => {
    const path = fullSize(1, undefined, 9)
    await expect(load(path)).rejects.toThrow('"in_channels" is 9; text to image needs')
    const { unet } = await StableDiffusionInpaintPipeline.fromSingleFile(path, { device: 'cpu' })
    expect(unet.config.inChannels).toBe(9)
  })
})

describe('an autoencoder', () => {
  const config = fixture('config-v1/vae')

  it('of a whole checkpoint, of a file of its own, and given to a checkpoint that lacks one', async () => {
    const whole = await AutoencoderKL.fromSingleFile(fixture('v1.safetensors'), { config, device: 'cpu' })
    const alone = join(folder, 'vae.safetensors')
    copyFileSync(fixture('v1.safetensors'), alone)
    editHeader(alone, header => {
      for (const [name, entry] of Object.entries(header)) {
        delete header[name]
        if (name !== '__metadata__')
          header[name.replace(/^first_stage_model\./, '').replace(/^(model|cond).*/, 'loss.$&')] = entry
      }
    })
    const own = await AutoencoderKL.fromSingleFile(alone, { config, device: 'cpu' })
    const latents = {
      type: 'float32',
      dims: [1, 4, 2, 2],
      data: Float32Array.from({ length: 16 }, (_, i) => i / 8),
    } as const
    const [first, second] = [
      await whole.decode({ ...latents, dims: [...latents.dims] }),
      await own.decode({ ...latents, dims: [...latents.dims] }),
    ]
    expect([...second.sample.data]).toEqual([...first.sample.data])
    await Promise.all([whole.release(), own.release()])

    const pipeline = await StableDiffusionPipeline.fromSingleFile(fullSize(1, undefined, 4, ['vae']), {
      vae: own,
      device: 'cpu',
    })
    expect(pipeline.vae).toBe(own)
  })

  it('that is none', async () => {
    await expect(AutoencoderKL.fromSingleFile(header('a'))).rejects.toThrow('takes "a"')
    const { vae } = { vae: 'vae.safetensors' }
    await expect(StableDiffusionPipeline.fromSingleFile(fixture('v1.safetensors'), { vae } as never)).rejects.toThrow(
      'vae must be one such as await AutoencoderKL.fromSingleFile(path), got "vae.safetensors"',
    )
  })
})

describe('a U-Net, a ControlNet', () => {
  const cpu = { device: 'cpu' } as const
  const config = parseUNetConfig(originalConfigs({ version: 2, channels: 4, prediction: 'epsilon' }).unet, 'unet')
  const spread = 'up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias'
  /** of Stable Diffusion 2.x alone, as both layouts call its weights */
  const alone = (nameOf: (key: string) => string, value: number) =>
    sparse('unet.safetensors', new Map([...unetWeightShapes(config)].map(([key, shape]) => [nameOf(key), shape])), [
      nameOf(spread),
      value,
    ])

  it.each<[string, (key: string) => string]>([
    ['the original layout', key => originalUNetName(key, config)],
    ['diffusers’ layout', key => key],
  ])('alone in %s needs no configuration', async (_, nameOf) => {
    const v = await UNet2DConditionModel.fromSingleFile(alone(nameOf, 0.2), cpu)
    expect(v.config).toMatchObject({ sampleSize: 96, upcastAttention: true, crossAttentionDim: 1024 })
    const base = await UNet2DConditionModel.fromSingleFile(alone(nameOf, 0.02), cpu)
    expect(base.config).toMatchObject({ sampleSize: 64, upcastAttention: false, linearProjection: true })
  })

  it('of a whole checkpoint, which holds more', async () => {
    const unet = await UNet2DConditionModel.fromSingleFile(fullSize(1, undefined, 9), cpu)
    expect(unet.config).toMatchObject({ inChannels: 9, crossAttentionDim: 768 })
  })

  it.each<[string, 1 | 2, string]>([
    ['of 1.x, below control_model.', 1, 'control_model.'],
    ['of 2.x, without a prefix', 2, ''],
  ])('a ControlNet %s', async (_, version, prefix) => {
    const config = parseControlNetConfig(originalControlNetConfig({ version, channels: 4 }), 'controlnet')
    const shapes = [...controlNetWeightShapes(config)]
    const path = sparse(
      'control.safetensors',
      new Map(shapes.map(([key, shape]) => [prefix + originalControlNetName(key, config), shape])),
    )
    const { unet } = (await ControlNetModel.fromSingleFile(path, cpu)).config
    expect(unet).toMatchObject({ crossAttentionDim: version === 1 ? 768 : 1024, linearProjection: version === 2 })
    expect(unet.blocks[0].attention?.heads).toBe(version === 1 ? 8 : 5)
    await expect(load(path)).rejects.toThrow('is a ControlNet: load it with ControlNetModel.fromSingleFile(path)')
    await expect(UNet2DConditionModel.fromSingleFile(path)).rejects.toThrow('is a ControlNet: load it with')

    const own = sparse('own.safetensors', new Map(shapes))
    expect((await ControlNetModel.fromSingleFile(own, cpu)).config.unet).toEqual(unet)
    await expect(
      ControlNetModel.fromSingleFile(sparse('more.safetensors', new Map([...shapes, ['extra', [1]]]))),
    ).rejects.toThrow('no part of the model takes "extra"')
  })

  it('the original names of a ControlNet’s own layers are those of its authors', () => {
    const config = parseControlNetConfig(originalControlNetConfig({ version: 1, channels: 4 }), 'controlnet')
    const names = [
      'controlnet_cond_embedding.conv_in.weight',
      'controlnet_cond_embedding.blocks.5.bias',
      'controlnet_cond_embedding.conv_out.weight',
      'controlnet_down_blocks.11.weight',
      'controlnet_mid_block.bias',
      'down_blocks.3.resnets.1.conv1.weight',
    ]
    expect(names.map(name => originalControlNetName(name, config))).toEqual([
      'input_hint_block.0.weight',
      'input_hint_block.12.bias',
      'input_hint_block.14.weight',
      'zero_convs.11.0.weight',
      'middle_block_out.0.bias',
      'input_blocks.11.0.in_layers.2.weight',
    ])
  })

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a LoRA as a U-Net',
      () => UNet2DConditionModel.fromSingleFile(header('lora_unet_a.lora_down.weight')),
      'is a LoRA: load a model, then pipeline.loadLoraWeights(path)',
    ],
    [
      'an SDXL model as a U-Net',
      () => UNet2DConditionModel.fromSingleFile(header('conditioner.embedders.1.model.ln_final.bias')),
      'is Stable Diffusion XL, which is not run here',
    ],
    [
      'an autoencoder as a ControlNet',
      () => ControlNetModel.fromSingleFile(header('decoder.conv_in.weight')),
      'is an autoencoder alone: load a model, then pipeline.vae = await AutoencoderKL.fromSingleFile(path)',
    ],
    [
      'a checkpoint as a ControlNet',
      () => ControlNetModel.fromSingleFile(fixture('v1.safetensors')),
      "expected a ControlNet of Stable Diffusion 1.x or 2.x, in diffusers' layout or the original one; it holds",
    ],
    [
      'the same with a config',
      () => ControlNetModel.fromSingleFile(fixture('v1.safetensors'), { config: fixture('config-v1/controlnet') }),
      'v1.safetensors holds no ControlNet',
    ],
    [
      'another’s config',
      () => UNet2DConditionModel.fromSingleFile(fixture('v2.safetensors'), { config: fixture('config-v1/unet') }),
      'v2.safetensors: expected "model.diffusion_model.',
    ],
    [
      'a folder without a config',
      () => UNet2DConditionModel.fromSingleFile(fixture('v1.safetensors'), { config: fixture('config-v1') }),
      'expected a file',
    ],
    [
      'an option that is none',
      () => AutoencoderKL.fromSingleFile(fixture('v1.safetensors'), { subfolder: 'vae' } as never),
      'unknown option "subfolder"; known here: config, dtype, device, cacheDir, localFilesOnly, token, signal, onProgress',
    ],
  ])('%s', async (_, loading, message) => {
    await expect(loading()).rejects.toThrow(message)
  })
})

describe('a file that is none, or not whole', () => {
  const edited = (edit: Parameters<typeof editHeader>[1]) => {
    const path = join(folder, 'edited.safetensors')
    copyFileSync(fixture('v1.safetensors'), path)
    editHeader(path, edit)
    return path
  }
  const drop = (prefix: string) => (header: Record<string, unknown>) => {
    for (const name of Object.keys(header)) if (name.startsWith(prefix)) rename(header, name, `model_ema.${name}`)
  }
  const rename = (header: Record<string, unknown>, from: string, to: string) => {
    header[to] = header[from]
    delete header[from]
  }
  const config = fixture('config-v1')

  it.each<[string, () => string, string]>([
    ['an unknown tensor', () => edited(header => rename(header, 'betas', 'gammas')), 'takes "gammas"'],
    [
      'an unknown tensor of a part',
      () => edited(header => rename(header, 'betas', 'first_stage_model.decoder.extra')),
      'takes "first_stage_model.decoder.extra"',
    ],
    [
      'a missing tensor',
      () => edited(drop('model.diffusion_model.middle_block.0.in_layers.0.weight')),
      'expected "model.diffusion_model.middle_block.0.in_layers.0.weight" of shape [16], found none',
    ],
    ['no autoencoder', () => edited(drop('first_stage_model.')), '/config-v1/vae: expected diffusion_pytorch_model'],
    ['no text encoder', () => edited(drop('cond_stage_model.')), '/config-v1/text_encoder: expected diffusion_py'],
    ['no file', () => join(folder, 'nowhere.safetensors'), 'nowhere.safetensors: there is none'],
    ['a pickle', () => written('model.ckpt', 'pickle'), 'opening one can run any code'],
    ['a folder', () => folder, 'is a folder: fromPretrained loads'],
    ['an SDXL model', () => header('conditioner.embedders.1.model.ln_final.bias'), 'is Stable Diffusion XL, which is'],
    ['a LoRA', () => header('lora_unet_mid_block_attentions_0_proj_in.lora_down.weight'), 'loadLoraWeights(path)'],
    ['a textual inversion', () => header('emb_params'), 'loadTextualInversion(path)'],
    [
      'a U-Net of diffusers',
      () => header('down_blocks.0.resnets.0.conv1.weight'),
      'UNet2DConditionModel.fromSingleFile',
    ],
    ['an autoencoder', () => header('decoder.conv_in.weight'), 'is an autoencoder alone: load a model, then'],
    ['something else', () => header('a', 'b'), 'it holds a, b'],
  ])('%s', async (_, path, message) => {
    await expect(load(path(), config)).rejects.toThrow(message)
  })

  it('without a config, what lacks an autoencoder is told how to get one', async () => {
    await expect(load(fullSize(1, undefined, 4, ['vae']))).rejects.toThrow(
      'holds no autoencoder: give `vae`, such as await AutoencoderKL.fromSingleFile(path), or `config`, a folder in',
    )
  })

  it('an option that is none, a config that is none', async () => {
    await expect(
      StableDiffusionPipeline.fromSingleFile(fixture('v1.safetensors'), { variant: 'fp16' } as never),
    ).rejects.toThrow('unknown option "variant"; known here: dtype, cacheDir')
    await expect(load(fixture('v1.safetensors'), '/nowhere')).rejects.toThrow('config must be a folder')
  })
})

test('fromPretrained of a single file names fromSingleFile', async () => {
  await expect(StableDiffusionPipeline.fromPretrained(fixture('v1.safetensors'))).rejects.toThrow(
    'load it with fromSingleFile',
  )
})

function written(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** A file of tensors with one value each. */
function header(...names: string[]): string {
  return sparse('header.safetensors', new Map(names.map(name => [name, [1]])))
}

/** Every tensor of Stable Diffusion in half precision, all zeros on no disk; the values of one alternate between ±`spread`. */
function fullSize(
  version: 1 | 2,
  spread?: [name: string, value: number],
  channels = 4,
  without: string[] = [],
): string {
  const configs = originalConfigs({ version, channels, prediction: 'epsilon' })
  const [unet, vae, text] = [
    parseUNetConfig(configs.unet, 'unet'),
    parseVaeConfig(configs.vae, 'vae'),
    parseClipTextConfig(configs.text_encoder, 'text'),
  ]
  const shapes = new Map<string, number[]>([['alphas_cumprod', [1000]]])
  for (const [key, shape] of unetWeightShapes(unet))
    shapes.set(`model.diffusion_model.${originalUNetName(key, unet)}`, shape)
  if (!without.includes('vae'))
    for (const [key, shape] of vaeWeightShapes(vae))
      shapes.set(
        `first_stage_model.${originalVaeName(key, vae)}`,
        /attn_1\.[a-z_]+\.weight$/.test(originalVaeName(key, vae)) && shape.length === 2 ? [...shape, 1, 1] : shape,
      )
  for (const [key, shape] of clipTextWeightShapes(text)) {
    if (version === 1) shapes.set(`cond_stage_model.transformer.text_model.${key}`, shape)
    else {
      const { name, third } = openClipName(key)
      shapes.set(`cond_stage_model.model.${name}`, third === undefined ? shape : [3 * shape[0], ...shape.slice(1)])
    }
  }
  return sparse(`sd${version}-${channels}.safetensors`, shapes, spread)
}

function sparse(name: string, shapes: Map<string, number[]>, spread?: [string, number]): string {
  let end = 0
  const header: Record<string, unknown> = {}
  const places = new Map<string, number>()
  for (const [key, shape] of shapes) {
    const from = end
    end += 2 * shape.reduce((size, dim) => size * dim, 1)
    places.set(key, from)
    header[key] = { dtype: 'BF16', shape, data_offsets: [from, end] }
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  const path = join(folder, name)
  const file = openSync(path, 'w')
  writeSync(file, Buffer.concat([length, text]))
  if (spread) {
    const [key, value] = spread
    const values = Float32Array.from({ length: shapes.get(key)![0] }, (_, i) => (i % 2 ? value : -value))
    const halves = new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1)
    writeSync(file, halves, 0, undefined, 8 + text.length + places.get(key)!)
  }
  ftruncateSync(file, 8 + text.length + end)
  closeSync(file)
  return path
}

test('the names of the full size are the original repository’s', () => {
  const bytes = headerOf(fullSize(1))
  expect(bytes).toContain(
    '"model.diffusion_model.output_blocks.11.0.skip_connection.weight":{"dtype":"BF16","shape":[320,640,1,1]',
  )
  expect(bytes).toContain('"model.diffusion_model.input_blocks.9.0.op.weight":{"dtype":"BF16","shape":[1280,1280,3,3]')
  expect(bytes).toContain('"model.diffusion_model.output_blocks.2.1.conv.weight"')
  expect(bytes).toContain('"model.diffusion_model.output_blocks.5.2.conv.weight"')
  expect(bytes).toContain('"first_stage_model.decoder.up.3.upsample.conv.weight"')
  expect(bytes).toContain(
    '"first_stage_model.encoder.down.1.block.0.nin_shortcut.weight":{"dtype":"BF16","shape":[256,128,1,1]',
  )
})

function headerOf(path: string): string {
  const file = openSync(path, 'r')
  const start = Buffer.alloc(300_000)
  readSync(file, start)
  closeSync(file)
  return start.toString('latin1')
}
