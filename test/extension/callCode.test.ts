import ts from 'typescript'
import { expect, test } from 'vitest'
import { callCode, settingsCode } from '../../src/extension/pictures/callCode.js'
import { callOptions } from '../../src/pipeline/index.js'
import type { ImageParameters } from '../../src/protocol/pictures.js'

const car: ImageParameters = { prompt: 'a car', steps: 50, cfgScale: 7.5, seed: 7, width: 64, height: 64 }
const stable = { pipeline: 'pipe', type: 'StableDiffusionPipeline' }

test('what a call does by itself is left out, where the class is known', () => {
  expect(callCode({ parameters: car }, stable)).toBe("await pipe('a car', { width: 64, height: 64, seed: 7 })")
  expect(callCode({ parameters: car }, { pipeline: 'pipeline' })).toBe(`await pipeline('a car', {
  width: 64,
  height: 64,
  numInferenceSteps: 50,
  guidanceScale: 7.5,
  seed: 7,
})`)
})

test('zero is a value', () => {
  const parameters = { prompt: '', cfgScale: 0, seed: 0 }
  expect(callCode({ parameters }, stable)).toBe("await pipe('', { guidanceScale: 0, seed: 0 })")
})

test('a quality that there is', () => {
  const code = (quality: string) => callCode({ parameters: { prompt: 'a car', quality } }, stable)
  expect(code('fast')).toBe("await pipe('a car', { quality: 'fast' })")
  expect(code("high'")).toBe("await pipe('a car')")
})

test('pictures that the call took stand there by name: only the reader has them', () => {
  const code = (parameters: Partial<ImageParameters>) =>
    callCode({ parameters: { prompt: 'a car', ...parameters } }, stable)
  const size = { width: 64, height: 64 }
  expect(code({ ...size, pipeline: 'StableDiffusionImg2ImgPipeline', strength: 0.6 })).toBe(
    "await pipe('a car', { image, strength: 0.6 })",
  )
  expect(code({ ...size, pipeline: 'StableDiffusionInpaintPipeline', strength: 1, maskPadding: 8 })).toBe(
    "await pipe('a car', { width: 64, height: 64, image, maskImage, strength: 1, paddingMaskCrop: 8 })",
  )
  // another tool's, of a picture it had made larger
  expect(code({ strength: 0.5 })).toBe("await pipe('a car')")
  const controlNet = 'canny 0.8 (0–1)'
  const parameters = { prompt: 'a car', model: 'x/y', pipeline: 'StableDiffusionControlNetPipeline', controlNet }
  expect(settingsCode({ parameters }, stable)).toBe(
    "// x/y, ControlNet canny 0.8 (0–1)\nawait pipe('a car', { image })\n",
  )
})

test('the options are those that the pipeline’s callOptions gives', () => {
  const whole = {
    ...{ ...car, negativePrompt: 'fog', quality: 'balanced', promptSyntax: 'a1111' },
    ...{ guidanceRescale: 0.7, clipSkip: 1, eta: 0.5 },
  }
  for (const parameters of [whole, { ...whole, timesteps: [990, 1] }, { ...whole, sigmas: [14.5, 0.5, 0] }])
    expect(optionsIn(callCode({ parameters }, { pipeline: 'pipe' }))).toEqual(callOptions(parameters as never))
})

test.each<[Partial<ImageParameters>, boolean]>([
  [{ promptSyntax: 'a1111' }, true],
  [{ promptSyntax: 'plain', prompt: '(a)' }, false],
  [{ prompt: '(a)' }, true],
  [{ negativePrompt: '[fog]' }, true],
  [{ prompt: 'a AND b' }, true],
  [{ prompt: 'a and b' }, false],
])('the syntax of the prompt is told where it matters: %j', (parameters, isTold) =>
  expect(callCode({ parameters: { ...car, ...parameters } }, stable).includes("promptSyntax: 'a1111'")).toBe(isTold),
)

test('a picture that took what it does not hold cannot be made again, which is told', () => {
  expect(() => callCode({ parameters: { ...car, untold: ['latents'] } }, stable)).toThrow(
    'This picture cannot be made again: it took latents, which it does not hold.',
  )
})

test.each([
  { index: 3, count: 3 },
  { index: 0.5, count: 3 },
  { index: 'evil()', count: 3 },
])('the place %j is none', batch =>
  expect(callCode({ parameters: car, batch: batch as never }, stable)).toContain('seed: 7'),
)

test('a picture of which little is known', () => {
  expect(callCode({ parameters: { prompt: 'a car' } }, stable)).toBe("await pipe('a car')")
})

test('a fresh seed is none', () => {
  expect(callCode({ parameters: car, batch: { index: 1, count: 3 } }, { ...stable, isFresh: true })).toBe(
    "await pipe('a car', { width: 64, height: 64 })",
  )
})

test('a seed beyond 2⁵³ is a bigint', () => {
  const parameters = { prompt: 'a car', seed: '18446744073709551615' }
  expect(callCode({ parameters }, stable)).toBe("await pipe('a car', { seed: 18446744073709551615n })")
})

test('the third picture that a generator drew needs the two before it', () => {
  const parameters = { prompt: 'a car', seed: 7 }
  expect(callCode({ parameters, batch: { index: 2, count: 3 } }, stable)).toBe(`import { Generator } from 'sdnb'

(await pipe('a car', { numImagesPerPrompt: 3, generator: new Generator(7) })).images[2]`)
})

test.each([
  'plain',
  "a cat's",
  'said "no"',
  `"it's"`,
  'back\\slash\\"',
  'two\nlines\r\n\ttab',
  '`code` $ {}',
  '猫 🚗 \u2028 \0',
  '\ud800',
  '',
])('the prompts %j are read as they were written', text => {
  const code = callCode({ parameters: { prompt: text, negativePrompt: text } }, { pipeline: 'pipeline' })
  const calls: unknown[] = []
  const { outputText } = ts.transpileModule(code.replace('await ', ''), { reportDiagnostics: true })
  new Function('pipeline', outputText)((...given: unknown[]) => calls.push(given))
  expect(calls).toEqual([text ? [text, { negativePrompt: text }] : ['']])
})

test('quotes are those that need no escape', () => {
  expect(callCode({ parameters: { prompt: "a cat's" } }, stable)).toBe(`await pipe("a cat's")`)
  expect(callCode({ parameters: { prompt: `"it's"` } }, stable)).toBe(`await pipe('"it\\'s"')`)
})

test('no text of a file passes as a number, and so as code', () => {
  const parameters = { prompt: 'a', steps: '1, x: evil()', width: 'evil()' } as unknown as ImageParameters
  expect(callCode({ parameters }, stable)).toBe("await pipe('a')")
})

test.each(['1, x: evil()', '', '0x7', '-1', ' 7', 1.5, -1, 1e300, {}])(
  'the seed %j is none: it is told, and can be left to chance',
  seed => {
    const parameters = { prompt: 'a', seed } as unknown as ImageParameters
    expect(() => callCode({ parameters }, stable)).toThrow(
      `This picture cannot be made again: its seed is ${JSON.stringify(seed)}, expected a whole number. Vary it instead.`,
    )
    expect(callCode({ parameters }, { ...stable, isFresh: true })).toBe("await pipe('a')")
  },
)

test('a prompt that is no text becomes one', () => {
  const parameters = { prompt: 'a', negativePrompt: 5 } as unknown as ImageParameters
  expect(callCode({ parameters }, stable)).toBe("await pipe('a', { negativePrompt: '5' })")
})

test('copied settings tell the model and the sampler too, in a remark', () => {
  const parameters = { prompt: 'a car', model: 'sdnb/tiny\nevil()', sampler: 'DPM++ 2M', scheduleType: 'Karras' }
  expect(settingsCode({ parameters }, stable)).toBe("// sdnb/tiny evil(), DPM++ 2M Karras\nawait pipe('a car')\n")
  expect(settingsCode({ parameters: { prompt: 'a car' } }, stable)).toBe("await pipe('a car')\n")
})

/** What a call of this code is given beside the prompt. */
function optionsIn(code: string): unknown {
  let options: unknown
  new Function('pipe', code.replace('await ', ''))((_: string, given: unknown) => {
    options = given
  })
  return options
}
