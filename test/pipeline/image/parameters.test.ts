import { expect, test } from 'vitest'
import { formatParameters, parseParameters } from '../../../src/pipeline/image/parameters.js'

const made = {
  prompt: 'a cat',
  steps: 20,
  sampler: 'DPM++ 2M',
  scheduleType: 'Karras',
  cfgScale: 7,
  seed: 1,
  width: 512,
  height: 768,
}

test('the text is what A1111 writes', () =>
  expect(
    formatParameters({ ...made, negativePrompt: 'a dog', modelHash: '0123456789', model: 'name', version: '1.0' }),
  ).toBe(
    'a cat\n' +
      'Negative prompt: a dog\n' +
      'Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x768, Model hash: 0123456789, Model: name, Version: 1.0',
  ))

test('no negative prompt, no line; 0 is a value', () =>
  expect(formatParameters({ prompt: '', negativePrompt: '', steps: 1, cfgScale: 0, seed: 0 })).toBe(
    '\nSteps: 1, CFG scale: 0, Seed: 0',
  ))

test('values with a comma, a colon, a quote or a newline are quoted', () =>
  expect(formatParameters({ prompt: 'x', model: 'a, "b": c\nd' })).toBe('x\nModel: "a, \\"b\\": c\\nd"'))

test('A1111’s own expression reads the last line', () => {
  const line = formatParameters({ ...made, model: 'runway:ml, v1' })
    .split('\n')
    .at(-1) as string
  const found = [...line.matchAll(/\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g)].map(([, name, value]) => [
    name,
    value,
  ])
  expect(found).toEqual([
    ['Steps', '20'],
    ['Sampler', 'DPM++ 2M'],
    ['Schedule type', 'Karras'],
    ['CFG scale', '7'],
    ['Seed', '1'],
    ['Size', '512x768'],
    ['Model', '"runway:ml, v1"'],
  ])
})

test.each([
  { ...made },
  { ...made, prompt: '', negativePrompt: 'two\nlines: of, text' },
  { ...made, prompt: ' three\n\nlines ', negativePrompt: ' x ', model: 'C:\\models, "best"', version: 'v1.0' },
  { ...made, seed: 2n ** 63n - 1n },
  { ...made, seed: 0, cfgScale: 0 },
  {
    ...{
      ...made,
      promptSyntax: 'a1111',
      unet: 'owner/unet',
      textEncoder: 'clip',
      vae: 'vae-ft-mse-840000.safetensors',
      vaeTileSize: 256,
      clipSkip: 1,
      guidanceRescale: 0.7,
      eta: 0.5,
      quality: 'fast',
      dtype: 'float16',
      quantization: 'nf4',
    },
    ...{
      timesteps: [990, 12.5, 1],
      sigmas: [14.6, 0],
      batch: { index: 1, count: 3 },
      untold: ['latents', 'generator'],
    },
    scheduler: { _className: 'EulerDiscreteScheduler', betaEnd: 0.012, timestepSpacing: 'leading' },
  },
])('parse gives back what format was given: %#', parameters =>
  expect(parseParameters(formatParameters(parameters))).toEqual(parameters),
)

test('a text without settings is a prompt', () =>
  expect(parseParameters('just, a: prompt\nof two lines')).toEqual({ prompt: 'just, a: prompt\nof two lines' }))

test('settings that are not known here are passed over', () =>
  expect(parseParameters('cat\nSteps: 9, Clip skip: 2, Seed: 4, Hires upscale: 2')).toEqual({
    prompt: 'cat',
    steps: 9,
    seed: 4,
    clipSkip: 1,
  }))

test('settings that are none are passed over', () =>
  expect(
    parseParameters(
      'cat\nSteps: many, Seed: x, CFG scale: , Clip skip: 1, Generator batch: 4/3, Scheduler: "[1]", Prompt syntax: plain',
    ),
  ).toEqual({ prompt: 'cat', promptSyntax: 'plain' }))
