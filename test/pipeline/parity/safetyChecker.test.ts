import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import {
  Generator,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionInpaintPipeline,
  StableDiffusionPipeline,
  StableDiffusionSafetyChecker,
} from '../../../src/pipeline/index.js'
import { expectClose, psnr } from '../../support/compare.js'
import { item, readTensors } from '../../support/tensors.js'
import { fixture, readJson } from './fixtures.js'

const { prompts, detected } = readJson<{ prompts: string[]; detected: boolean[] }>(fixture('checked.json'))
const expected = readTensors(fixture('checked-expected.safetensors'))
const cpu = { device: 'cpu' } as const

let folder: string
let warn: MockInstance<typeof console.warn>
const warnings = () => warn.mock.calls.flat().join('\n')

/** `sd1` with the checker of `checked`, as safety_checker.py has them joined. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdnb-checked-'))
  for (const part of ['scheduler', 'text_encoder', 'tokenizer', 'unet', 'vae'])
    symlinkSync(fixture(`sd1/${part}`), join(folder, part))
  cpSync(fixture('checked'), folder, { recursive: true })
  writeIndex({ safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'] })
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => warn.mockRestore())

function writeIndex(change: object): void {
  const index = JSON.parse(readFileSync(fixture('sd1/model_index.json'), 'utf8'))
  const feature_extractor = ['transformers', 'CLIPImageProcessor']
  const text = JSON.stringify({ ...index, requires_safety_checker: true, feature_extractor, ...change })
  writeFileSync(join(folder, 'model_index.json'), text)
}

test('pipelines that share a checker’s parts are checked, too', async () => {
  await using pipeline = await StableDiffusionPipeline.fromPretrained(folder, cpu)
  const {
    images: [image],
  } = await pipeline(prompts[0], { numInferenceSteps: 2, seed: 1 })
  const inpaint = StableDiffusionInpaintPipeline.fromPipe(StableDiffusionImg2ImgPipeline.fromPipe(pipeline))
  expect(inpaint.safetyChecker).toBe(pipeline.safetyChecker)
  const output = await inpaint(prompts[0], { image, maskImage: image, numInferenceSteps: 2, seed: 1 })
  expect(output.nsfwContentDetected).toHaveLength(1)
})

describe('a safety checker', () => {
  const call = () => ({ numInferenceSteps: 4, generator: new Generator(21) })

  test('flags what diffusers flags, one picture only with special care, and blacks it out', async () => {
    await using pipeline = await StableDiffusionPipeline.fromPretrained(folder, cpu)
    const output = await pipeline(prompts, call())
    expect(output.nsfwContentDetected).toEqual(detected)
    const pictures = expected.bytes('pictures')
    for (const [i, image] of output.images.entries()) {
      expect(psnr(image.data, item(pictures, i).data), `picture ${i}, dB`).toBeGreaterThanOrEqual(45)
      expect(image.data.some(level => level > 0)).toBe(!detected[i])
      expect(image.parameters?.prompt).toBe(prompts[i])
    }
    expect(warnings()).toBe(
      'Potential NSFW content was detected in one or more images. A black image will be returned instead. Try again with ' +
        'a different prompt and/or seed.',
    )
    const { images } = await pipeline(prompts[0], { ...call(), outputType: 'latent' })
    expect(images).toEqual([])
  })

  test('sees pictures through the feature extractor, and can be taken away and given back', async () => {
    await using pipeline = await StableDiffusionPipeline.fromPretrained(folder, cpu)
    const checker = pipeline.safetyChecker!
    pipeline.safetyChecker = null
    const { images, nsfwContentDetected } = await pipeline(prompts, call())
    expect(nsfwContentDetected).toBeUndefined()
    expect(images.every(image => image.data.some(level => level > 0))).toBe(true)
    const { pixelValues } = checker.featureExtractor(images)
    expectClose(pixelValues.data, expected.floats('pixelValues').data, 0.02, 'pixel values')
    expect(await checker(images)).toEqual(detected)
    await checker.release()
    expect(warnings()).toBe('')
  })

  test('loads alone, and is given to a pipeline that has none', async () => {
    const safetyChecker = await StableDiffusionSafetyChecker.fromPretrained(folder, {
      ...cpu,
      subfolder: 'safety_checker',
    })
    await using pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { ...cpu, safetyChecker })
    expect(pipeline.safetyChecker).toBe(safetyChecker)
  })
})

describe('without a safety checker', () => {
  const load = (options: object = {}) => StableDiffusionPipeline.fromPretrained(folder, { ...cpu, ...options })

  test('by null: a warning, unless the caller or the model says that none is required', async () => {
    expect((await load({ safetyChecker: null })).safetyChecker).toBeNull()
    expect(warnings()).toMatch(/^You have disabled the safety checker: pictures are not filtered/)
    warn.mockClear()
    await load({ safetyChecker: null, requiresSafetyChecker: false })
    expect(warnings()).toBe('')
    writeIndex({ requires_safety_checker: false, safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'] })
    await load({ safetyChecker: null })
    expect(warnings()).toBe('')
  })

  test('whose weights cannot be read: it is left out, and the warning says why', async () => {
    writeIndex({ safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'] })
    renameSync(join(folder, 'safety_checker/model.safetensors'), join(folder, 'safety_checker/pytorch_model.bin'))
    const pipeline = await load()
    expect(pipeline.safetyChecker).toBeNull()
    expect(warnings()).toMatch(/^The model's safety checker is left out .*pickle alone \(pytorch_model.bin\)/)
  })
})
