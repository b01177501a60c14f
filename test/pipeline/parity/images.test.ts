import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ControlNetModel,
  DiffusionPipeline,
  Image,
  type Scheduler,
  StableDiffusionControlNetImg2ImgPipeline,
  StableDiffusionControlNetPipeline,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionInpaintPipeline,
  StableDiffusionPipeline,
  type Tensor,
} from '../../../src/pipeline/index.js'
import { expectClose, psnr } from '../../support/compare.js'
import { item, readTensors } from '../../support/tensors.js'
import { asTensor, type Case, fixture, optionsOf, readJson, schedulerOf, watch } from './fixtures.js'

/** One call, as tools/reference/image_pipelines.py names it; its pictures are names. */
interface ImageCase extends Omit<Case, 'options'> {
  kind: 'img2img' | 'inpaint' | 'controlnet' | 'controlnet img2img'
  unet: string | null
  controlnet: string | string[] | null
  options: Case['options'] & Partial<Record<'image' | 'maskImage' | 'controlImage', string | string[]>>
}

const { cases } = readJson<{ cases: ImageCase[] }>(fixture('images.json'))
const expected = readTensors(fixture('images.safetensors'))

function pictureOf(name: string): Image | Tensor {
  if (name === 'latents') return asTensor(expected.floats('pictures.latents'))
  const { dims, data } = expected.bytes(`pictures.${name}`)
  return new Image(data, dims[1], dims[0])
}

/** The options of a case's call, with its pictures. */
function withPictures({ options }: ImageCase): Record<string, unknown> {
  const { image, maskImage, controlImage, ...rest } = options
  const pictures = Object.entries({ image, maskImage, controlImage }).flatMap(([key, names]) =>
    names === undefined ? [] : [[key, Array.isArray(names) ? names.map(pictureOf) : pictureOf(names)]],
  )
  return { ...optionsOf(rest), ...Object.fromEntries(pictures) }
}

const loads = [
  { model: 'sd1', unet: null, dtype: 'float32' },
  { model: 'sd1', unet: 'inpaint', dtype: 'float32' },
  { model: 'half', unet: null, dtype: 'float16' },
  { model: 'sd2', unet: null, dtype: 'float32' },
] as const

describe.each(loads)('of "$model", U-Net $unet, $dtype', ({ model, unet, dtype }) => {
  let folder: string
  let whole: StableDiffusionInpaintPipeline
  let nets: Record<string, ControlNetModel>
  let own: Scheduler

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sdnb-images-'))
    cpSync(fixture(model), folder, { recursive: true })
    if (unet) cpSync(fixture(unet), join(folder, 'unet'), { recursive: true })
    whole = await StableDiffusionInpaintPipeline.fromPretrained(folder, { device: 'cpu', dtype })
    own = whole.scheduler
    const load = async (name: string) => [name, await ControlNetModel.fromPretrained(fixture(name), { device: 'cpu' })]
    const names = model === 'sd2' ? ['controlnet', 'controlnet-pooled'] : []
    nets = Object.fromEntries(await Promise.all(names.map(load)))
  })
  afterAll(async () => {
    await whole?.dispose()
    rmSync(folder, { recursive: true })
  })

  function pipelineOf({ kind, controlnet }: ImageCase): StableDiffusionPipeline {
    const options = { controlnet: [controlnet ?? []].flat().map(name => nets[name]) }
    const made =
      kind === 'img2img'
        ? StableDiffusionImg2ImgPipeline.fromPipe(whole)
        : kind === 'inpaint'
          ? StableDiffusionInpaintPipeline.fromPipe(whole)
          : kind === 'controlnet'
            ? StableDiffusionControlNetPipeline.fromPipe(whole, options)
            : StableDiffusionControlNetImg2ImgPipeline.fromPipe(whole, options)
    return made as unknown as StableDiffusionPipeline
  }

  const those = cases.filter(one => one.model === model && one.unet === unet && one.dtype === dtype)

  it.each(those)('$name', async one => {
    const pipeline = pipelineOf(one)
    pipeline.scheduler = schedulerOf(one as unknown as Case, own)
    const { initial, steps, output } = await watch(pipeline, one.prompt, withPictures(one))

    if (expected.has(`${one.name}.initial`))
      expectClose(initial.data, expected.floats(`${one.name}.initial`).data, 1e-4, 'latents before the first step')
    const timesteps = expected.floats(`${one.name}.timesteps`).data
    expectClose(
      steps.map(({ timestep }) => timestep),
      timesteps,
      1e-6,
      'timesteps',
    )
    const latents = expected.floats(`${one.name}.latents`)
    for (const { step, latents: actual } of steps)
      expectClose(actual.data, item(latents, step).data, 2e-3, `latents after step ${step}`)

    const pictures = expected.bytes(`${one.name}.pictures`)
    const [count, height, width] = pictures.dims
    expect(output.images.map(image => [image.height, image.width])).toEqual(Array(count).fill([height, width]))
    for (const [i, image] of output.images.entries())
      expect(psnr(image.data, item(pictures, i).data), `picture ${i}, dB`).toBeGreaterThanOrEqual(45)
  })

  if (unet)
    it('DiffusionPipeline takes the class that the folder names; text to image refuses its U-Net', async () => {
      const index = join(folder, 'model_index.json')
      const named = { ...JSON.parse(readFileSync(index, 'utf8')), _class_name: 'StableDiffusionInpaintPipeline' }
      writeFileSync(index, JSON.stringify(named))
      const found = await DiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
      expect(found).toBeInstanceOf(StableDiffusionInpaintPipeline)
      await expect(StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })).rejects.toThrow(
        /"in_channels" is 9; text to image needs .* load this model with StableDiffusionInpaintPipeline/,
      )
    })
})
