import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  AutoencoderTiny,
  EulerDiscreteScheduler,
  Generator,
  Image,
  type ProgressReporter,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionPipeline,
} from '../../../src/pipeline/index.js'
import { expectClose, psnr } from '../../support/compare.js'
import { item, readTensors } from '../../support/tensors.js'
import { asTensor, fixture, readJson } from './fixtures.js'

const { prompts } = readJson<{ prompts: string[] }>(fixture('taesd.json'))
const expected = readTensors(fixture('taesd-expected.safetensors'))
const cpu = { device: 'cpu' } as const
const load = () => AutoencoderTiny.fromPretrained(fixture('taesd'), cpu)

describe('AutoencoderTiny', () => {
  test('encodes and decodes as diffusers’, far latents included, and scales them alike', async () => {
    const vae = await load()
    const { dims, data } = item(expected.bytes('picture'), 0)
    const { latents, latentDist } = await vae.encode(new Image(data, dims[1], dims[0]))
    expect(latents.dims).toEqual(expected.floats('encoded').dims)
    expectClose(latents.data, expected.floats('encoded').data, 1e-4, 'latents')
    expect(latentDist.sample(new Generator(0))).toBe(latents)

    const given = asTensor(expected.floats('latents'))
    const { sample } = await vae.decode(given)
    expect(sample.dims).toEqual(expected.floats('decoded').dims)
    expectClose(sample.data, expected.floats('decoded').data, 1e-4, 'picture')
    await vae.release()

    expectClose(vae.scaleLatents(given).data, expected.floats('scaled').data, 1e-6, 'scaled')
    expectClose(vae.unscaleLatents(vae.scaleLatents(given)).data, expected.floats('unscaled').data, 1e-6, 'unscaled')
  })

  test('decodes a pipeline’s pictures, by assignment or where model_index.json names it', async () => {
    const call = () => ({ numInferenceSteps: 4, guidanceScale: 5, generator: new Generator(12) })
    const pictures = expected.bytes('pictures')
    const expectPictures = (images: Image[]) => {
      expect(images).toHaveLength(2)
      for (const [i, { data }] of images.entries())
        expect(psnr(data, item(pictures, i).data), `picture ${i}, dB`).toBeGreaterThanOrEqual(45)
    }
    await using pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), cpu)
    pipeline.vae = await load()
    expectPictures((await pipeline(prompts, call())).images)

    const folder = mkdtempSync(join(tmpdir(), 'sdnb-taesd-'))
    for (const part of ['scheduler', 'text_encoder', 'tokenizer', 'unet'])
      symlinkSync(fixture(`sd1/${part}`), join(folder, part))
    symlinkSync(fixture('taesd'), join(folder, 'vae'))
    const index = JSON.parse(readFileSync(fixture('sd1/model_index.json'), 'utf8'))
    writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ ...index, vae: ['diffusers', 'AutoencoderTiny'] }))
    await using named = await StableDiffusionPipeline.fromPretrained(folder, cpu)
    expectPictures((await named(prompts, call())).images)
    rmSync(folder, { recursive: true })
  })

  test('encodes the picture that image to image begins with, and draws no noise for it', async () => {
    await using pipeline = await StableDiffusionImg2ImgPipeline.fromPretrained(fixture('sd1'), cpu)
    pipeline.vae = await load()
    const { dims, data } = item(expected.bytes('picture'), 0)
    const image = new Image(data, dims[1], dims[0])
    const options = { image, strength: 0.6, numInferenceSteps: 4, guidanceScale: 5, generator: new Generator(12) }
    const { images } = await pipeline(prompts, options)
    for (const [i, { data }] of images.entries())
      expect(psnr(data, item(expected.bytes('changed'), i).data), `picture ${i}, dB`).toBeGreaterThanOrEqual(45)
  })

  test('draws previews as whole pictures: as the previewDecoder, and as the vae', async () => {
    await using pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), cpu)
    pipeline.scheduler = EulerDiscreteScheduler.fromConfig(pipeline.scheduler.config)
    const call = { numInferenceSteps: 3, seed: 1 }
    expect(await previewsOf(() => pipeline(prompts[0], call)), 'the random latents are not known as colours').toEqual(
      [],
    )

    pipeline.previewDecoder = await load()
    const drawn = await previewsOf(() => pipeline(prompts[0], call))
    expect(drawn.map(({ width, height }) => [width, height])).toEqual([
      [64, 64],
      [64, 64],
      [64, 64],
    ])
    pipeline.vae = pipeline.previewDecoder
    pipeline.previewDecoder = null
    let [picture]: Image[] = []
    const again = await previewsOf(async () => {
      ;[picture] = (await pipeline(prompts[0], call)).images
    })
    expect(again).toEqual(drawn)
    expect(await pixelsOf(again[2].png), 'Euler’s last step leaves no noise').toEqual([...picture.data])
  })

  test('of another form is refused by key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sdnb-taesd-'))
    const config = JSON.parse(readFileSync(fixture('taesd/config.json'), 'utf8'))
    symlinkSync(
      fixture('taesd/diffusion_pytorch_model.safetensors'),
      join(folder, 'diffusion_pytorch_model.safetensors'),
    )
    for (const [change, message] of [
      [{ upsample_fn: 'bilinear' }, '"upsample_fn" is "bilinear"; known here: nearest'],
      [{ decoder_block_out_channels: [10, 10, 10, 8] }, 'so all must be alike'],
      [{ num_decoder_blocks: [1, 1, 1], decoder_block_out_channels: [10, 10, 10] }, 'expected 4 stages'],
      [{ scaling_factor: 0 }, '"scaling_factor" is 0'],
    ] as const) {
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...change }))
      await expect(AutoencoderTiny.fromPretrained(folder, cpu)).rejects.toThrow(message)
    }
    rmSync(folder, { recursive: true })
  })
})

type Preview = Awaited<ReturnType<NonNullable<Parameters<ProgressReporter>[1]>>>[number]

async function previewsOf(call: () => Promise<unknown>): Promise<Preview[]> {
  const symbol = Symbol.for('sdnb.progress')
  const host = globalThis as { [symbol]?: ProgressReporter }
  const made: Promise<Preview[]>[] = []
  host[symbol] = (_progress, makePreviews) => void (makePreviews && made.push(makePreviews()))
  await call()
  delete host[symbol]
  return (await Promise.all(made)).flat()
}

async function pixelsOf(png: string): Promise<number[]> {
  const { default: sharp } = await import('sharp')
  return [...(await sharp(Buffer.from(png, 'base64')).raw().toBuffer())]
}
