import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ControlNetModel,
  DiffusionPipeline,
  Image,
  type InpaintOptions,
  InvalidOptionError,
  StableDiffusionControlNetImg2ImgPipeline,
  StableDiffusionControlNetPipeline,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionInpaintPipeline,
  StableDiffusionPipeline,
  UNet2DConditionModel,
  UnsupportedModelError,
} from '../../../src/pipeline/index.js'
import { psnr } from '../../support/compare.js'

const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/pipelines', name)

let base: StableDiffusionPipeline
let img2img: StableDiffusionImg2ImgPipeline
let inpaint: StableDiffusionInpaintPipeline
let sd2: StableDiffusionPipeline
let controlnet: ControlNetModel
let steered: StableDiffusionControlNetPipeline

beforeAll(async () => {
  base = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
  img2img = StableDiffusionImg2ImgPipeline.fromPipe(base)
  inpaint = StableDiffusionInpaintPipeline.fromPipe(base)
  sd2 = await StableDiffusionPipeline.fromPretrained(fixture('sd2'), { device: 'cpu' })
  controlnet = await ControlNetModel.fromPretrained(fixture('controlnet'), { device: 'cpu' })
  steered = StableDiffusionControlNetPipeline.fromPipe(sd2, { controlnet })
})
afterAll(() => steered?.dispose())

const square = stripes(64, 64)
const other = stripes(64, 64, 9)
const mask = halfWhite(64, 64)
const quick = { numInferenceSteps: 3, seed: 5 } as const

/** Something to look at: sloping stripes of three colours. */
function stripes(width: number, height: number, period = 17): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3]
    return 128 + 120 * Math.sin((x + 2 * y) / period + channel)
  })
  return new Image(data, width, height)
}

/** White on the right. */
function halfWhite(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    Math.floor(i / 3) % width < width / 2 ? 0 : 255,
  )
  return new Image(data, width, height)
}

describe('pipelines that share parts', () => {
  test('have the same ones, and take their class’s name', () => {
    expect(img2img.unet).toBe(base.unet)
    expect(steered.vae).toBe(sd2.vae)
    expect(StableDiffusionPipeline.fromPipe(inpaint).textEncoder).toBe(base.textEncoder)
    expect(String(inpaint.constructor.name)).toBe('StableDiffusionInpaintPipeline')
  })

  test('a folder that names a ControlNet pipeline brings its net', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sdnb-controlnet-'))
    cpSync(fixture('sd2'), folder, { recursive: true })
    cpSync(fixture('controlnet'), join(folder, 'controlnet'), { recursive: true })
    const index = join(folder, 'model_index.json')
    const named = {
      ...JSON.parse(readFileSync(index, 'utf8')),
      _class_name: 'StableDiffusionControlNetPipeline',
      controlnet: ['diffusers', 'ControlNetModel'],
    }
    writeFileSync(index, JSON.stringify(named))
    const found = await DiffusionPipeline.fromPretrained<StableDiffusionControlNetPipeline>(folder, { device: 'cpu' })
    expect(found).toBeInstanceOf(StableDiffusionControlNetPipeline)
    expect([found.controlnet].flat()[0].config).toEqual(controlnet.config)
    rmSync(folder, { recursive: true })
  })

  test('several that were saved with a model are all loaded, in their order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sdnb-nets-'))
    cpSync(fixture('sd2'), folder, { recursive: true })
    cpSync(fixture('controlnet'), join(folder, 'controlnet'), { recursive: true })
    cpSync(fixture('controlnet-pooled'), join(folder, 'controlnet_1'), { recursive: true })
    const { controlnet } = await StableDiffusionControlNetPipeline.fromPretrained(folder, { device: 'cpu' })
    expect([controlnet].flat().map(({ config }) => config.globalPoolConditions)).toEqual([false, true])
    rmSync(folder, { recursive: true })
  })

  test('a ControlNet pipeline without a ControlNet', async () => {
    await expect(StableDiffusionControlNetPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })).rejects.toThrow(
      /controlnet must be given, such as await ControlNetModel.fromPretrained/,
    )
    await expect(DiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu', controlnet })).rejects.toThrow(
      /controlnet is not for StableDiffusionPipeline/,
    )
    expect(() => StableDiffusionControlNetPipeline.fromPipe(base, { controlnet: [] })).toThrow(
      'controlnet must be what ControlNetModel.fromPretrained gives, or a list of such, got []',
    )
  })

  test('a ControlNet of another kind of model', () => {
    expect(() => StableDiffusionControlNetPipeline.fromPipe(base, { controlnet })).toThrow(UnsupportedModelError)
    expect(() => StableDiffusionControlNetPipeline.fromPipe(base, { controlnet })).toThrow(
      /made for another kind of model: its cross_attention_dim is \d+, the U-Net's 32/,
    )
  })
})

describe('image to image', () => {
  test('tells the strength and the class in the picture', async () => {
    const { images } = await img2img('a car', { image: square, strength: 0.7, ...quick })
    expect(images[0].parameters).toMatchObject({
      pipeline: 'StableDiffusionImg2ImgPipeline',
      strength: 0.7,
      steps: 3,
      width: 64,
      height: 64,
    })
    const path = join(tmpdir(), `sdnb-${process.pid}.png`)
    await images[0].save(path)
    expect((await Image.open(path)).parameters).toEqual(images[0].parameters)
    rmSync(path)
  })

  test('makes ⌊strength · n⌋ steps, and less of another picture the lower it is', async () => {
    const at = async (strength: number) => {
      let steps = 0
      const callbackOnStepEnd = () => void steps++
      const call = { image: square, strength, seed: 5, numInferenceSteps: 10, guidanceScale: 1, callbackOnStepEnd }
      const { images } = await img2img('a car', call)
      return { steps, image: images[0] }
    }
    const [little, much] = [await at(0.2), await at(0.99)]
    // PNDM makes one more
    expect([little.steps, much.steps]).toEqual([3, 10])
    const encoded = (await at(0.1)).image
    expect(psnr(little.image.data, encoded.data)).toBeGreaterThan(psnr(much.image.data, encoded.data))
  })

  test('a size that is no multiple of 8 loses what is over', async () => {
    const { images } = await img2img('a car', { image: stripes(79, 70), ...quick })
    expect([images[0].width, images[0].height]).toEqual([72, 64])
  })

  test('takes latents as `outputType: latent` gives them', async () => {
    const { latents } = await base('a car', { ...quick, outputType: 'latent' })
    const { images } = await img2img('a car', { image: latents!, ...quick })
    expect([images[0].width, images[0].height]).toEqual([64, 64])
  })

  test.each([
    [{}, 'image must be an Image or a list of them'],
    [{ image: 'photo.png' }, 'got "photo.png"'],
    [{ image: [] }, 'image must be an Image'],
    [{ image: [square, other] }, 'image must be one, or one a prompt (1), got 2'],
    [{ image: stripes(7, 64) }, 'image must be at least 8 pixels wide and high, got 7×64'],
    [{ image: square, strength: 1.1 }, 'strength must be a number from 0 to 1, got 1.1'],
    [{ image: square, strength: 0 }, 'strength 0 leaves none of 3 steps to make: give 0.34 or more, or more steps'],
    [{ image: square, strength: 0.3 }, 'strength 0.3 leaves none of 3 steps to make'],
    [{ image: square, height: 64 }, 'unknown option "height"'],
    [{ image: square, maskImage: mask }, 'unknown option "maskImage"'],
  ])('refuses %j', async (options, message) => {
    const call = img2img('a car', { ...quick, ...options } as never)
    await expect(call).rejects.toThrow(InvalidOptionError)
    await expect(call).rejects.toThrow(message)
  })
})

describe('inpainting', () => {
  const call = { image: square, maskImage: mask, ...quick } as const

  test('each picture of a seed is the one that the seed makes alone', async () => {
    const { images } = await inpaint('a car', { ...call, strength: 0.7, numImagesPerPrompt: 2 })
    const alone = await inpaint('a car', { ...call, strength: 0.7, seed: quick.seed + 1 })
    expect(psnr(images[1].data, alone.images[0].data)).toBeGreaterThan(60)
  })

  test('a mask of another size is stretched; a list takes one a prompt', async () => {
    const one = await inpaint('a car', call)
    const stretched = await inpaint('a car', { ...call, maskImage: halfWhite(32, 80) })
    expect(psnr(stretched.images[0].data, one.images[0].data)).toBeGreaterThan(60)
    const both = await inpaint(['a car', 'a car'], { ...call, image: [square, other], maskImage: mask })
    expect(psnr(both.images[0].data, one.images[0].data)).toBeGreaterThan(60)
    expect(psnr(both.images[1].data, one.images[0].data)).toBeLessThan(40)
  })

  test('around the mask alone: the rest keeps every byte', async () => {
    const large = stripes(120, 90)
    const white = halfWhite(120, 90)
    const { images } = await inpaint('a car', { ...call, image: large, maskImage: white, paddingMaskCrop: 4 })
    expect(images[0].parameters).toMatchObject({ maskPadding: 4, strength: 1 })
    expect([images[0].width, images[0].height]).toEqual([120, 90])
    const differing = (x: number) =>
      [0, 40, 89].some(y =>
        [0, 1, 2].some(c => images[0].data[(y * 120 + x) * 3 + c] !== large.data[(y * 120 + x) * 3 + c]),
      )
    expect([0, 30, 59].map(differing)).toEqual([false, false, false])
    expect([60, 90, 119].map(differing)).toEqual([true, true, true])
  })

  test('nine channels go with balanced and fast; another pipeline refuses them', async () => {
    const unet = await UNet2DConditionModel.fromPretrained(fixture('inpaint'), { device: 'cpu' })
    const nine = new StableDiffusionInpaintPipeline({ ...base.components, unet })
    const steps = { ...call, numInferenceSteps: 8 }
    const [exact] = (await nine('a car', steps)).images
    for (const quality of ['balanced', 'fast'] as const)
      expect(psnr((await nine('a car', { ...steps, quality })).images[0].data, exact.data)).toBeGreaterThan(15)
    expect(() => StableDiffusionImg2ImgPipeline.fromPipe(nine)).toThrow(
      /"in_channels" is 9; image to image needs the VAE's latent_channels, 4: load this model with StableDiffusionInpaint/,
    )
    await unet.release()
  })

  test.each<[Partial<InpaintOptions>, string]>([
    [{ maskImage: undefined as never }, 'maskImage must be an Image'],
    [{ maskImage: [mask, mask] }, 'maskImage must be one, or one a prompt (1), got 2'],
    [{ paddingMaskCrop: -1 }, 'paddingMaskCrop must be a whole number of at least 0, got -1'],
    [{ paddingMaskCrop: 4, maskImage: halfWhite(32, 64) }, 'maskImage must have the size of image'],
    [{ paddingMaskCrop: 4, image: [square, other] }, 'paddingMaskCrop takes one image and one maskImage, got 2 and 1'],
    [{ paddingMaskCrop: 4, outputType: 'latent' }, 'outputType must be "image" with paddingMaskCrop'],
    [{ paddingMaskCrop: 4, maskImage: new Image(new Uint8Array(64 * 64 * 3), 64, 64) }, 'got black alone'],
    [{ width: 60 }, 'width must be a multiple of 8, got 60'],
  ])('refuses %j', async (options, message) => {
    await expect(inpaint('a car', { ...call, ...options })).rejects.toThrow(message)
  })
})

describe('ControlNets', () => {
  const call = { image: square, ...quick } as const

  test('one of no weight, or with no say in the steps, changes nothing', async () => {
    const [plain] = (await sd2('a car', { ...quick, height: 64, width: 64 })).images
    for (const silent of [{ controlnetConditioningScale: 0 }, { controlGuidanceStart: 0.01, controlGuidanceEnd: 0.02 }])
      expect(psnr((await steered('a car', { ...call, ...silent })).images[0].data, plain.data)).toBeGreaterThan(60)
    expect(psnr((await steered('a car', call)).images[0].data, plain.data)).toBeLessThan(40)
  })

  test('are told of in the picture', async () => {
    const both = StableDiffusionControlNetPipeline.fromPipe(sd2, { controlnet: [controlnet, controlnet] })
    const scales = { controlnetConditioningScale: [0.5, 1], controlGuidanceEnd: 0.8 }
    const { images } = await both('a car', { ...call, image: [square, other], ...scales })
    expect(images[0].parameters).toMatchObject({ controlNet: 'controlnet 0.5 (0–0.8); controlnet 1 (0–0.8)' })
  })

  test('balanced and fast are steered, too', async () => {
    const steps = { ...call, numInferenceSteps: 8 }
    const [exact] = (await steered('a car', steps)).images
    for (const quality of ['balanced', 'fast'] as const)
      expect(psnr((await steered('a car', { ...steps, quality })).images[0].data, exact.data)).toBeGreaterThan(15)
  })

  test('map gives each prompt its picture', async () => {
    const prompts = ['a car', 'a house']
    const options = { ...quick, image: [square, other] }
    const { images } = await steered(prompts, options)
    const mapped = await steered.map(prompts, { ...options, devices: ['cpu'] })
    for (const [i, image] of images.entries()) expect(psnr(mapped[i].images[0].data, image.data)).toBeGreaterThan(60)
  })

  test('called alone it tells what the U-Net takes', async () => {
    const features = sd2.unet.config.crossAttentionDim
    const filled = (...dims: number[]) => ({
      type: 'float32' as const,
      dims,
      data: new Float32Array(dims.reduce((a, b) => a * b)).fill(0.3),
    })
    const sample = filled(1, 5, 9, 7)
    const options = { encoderHiddenStates: filled(1, 11, features) }
    const told = await controlnet(sample, 500, { ...options, controlnetCond: filled(1, 3, 36, 28) })
    const { downBlockResSamples, midBlockResSample } = told
    expect([...downBlockResSamples, midBlockResSample].map(({ dims }) => dims.join('×'))).toEqual([
      ...['1×8×9×7', '1×8×9×7', '1×8×9×7', '1×8×5×4', '1×12×5×4', '1×12×5×4', '1×12×3×2', '1×20×3×2', '1×20×3×2'],
      '1×20×3×2',
    ])
    const residuals = {
      downBlockAdditionalResiduals: downBlockResSamples,
      midBlockAdditionalResidual: midBlockResSample,
    }
    const { sample: output } = await sd2.unet(sample, 500, { ...options, ...residuals })
    expect(output.dims).toEqual([1, 5, 9, 7])
    await expect(
      sd2.unet(sample, 500, { ...options, downBlockAdditionalResiduals: downBlockResSamples.slice(1) }),
    ).rejects.toThrow('expected 9 downBlockAdditionalResiduals and a midBlockAdditionalResidual, got 8 and 0')
  })

  test.each([
    [{ image: undefined }, 'image must be an Image'],
    [{ controlnetConditioningScale: [1, 2] }, 'a list with one for each of 1 ControlNets, got [1, 2]'],
    [{ controlnetConditioningScale: 'x' }, 'controlnetConditioningScale must be a number, got "x"'],
    [{ controlGuidanceStart: 0.5, controlGuidanceEnd: 0.5 }, 'controlGuidanceStart must be below controlGuidanceEnd'],
    [{ controlGuidanceEnd: 1.5 }, 'controlGuidanceEnd must be a number from 0 to 1, got 1.5'],
    [{ guessMode: 1 }, 'guessMode must be true or false, got 1'],
    [{ controlImage: square }, 'unknown option "controlImage"'],
  ])('refuses %j', async (options, message) => {
    await expect(steered('a car', { ...call, ...options } as never)).rejects.toThrow(message)
  })

  test('several want a picture each', async () => {
    const both = StableDiffusionControlNetImg2ImgPipeline.fromPipe(sd2, { controlnet: [controlnet, controlnet] })
    const options = { image: square, controlImage: square, ...quick }
    await expect(both('a car', options)).rejects.toThrow(
      'controlImage must be a list with one Image for each of 2 ControlNets, got Image 64×64',
    )
  })
})
