import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withParameters } from '../../src/extension/pictures/pngText.js'
import { Image } from '../../src/pipeline/index.js'

const red = (parameters?: Image['parameters']) => new Image(new Uint8Array([255, 0, 0]), 1, 1, parameters)
const all = {
  ...{
    prompt: 'a car, "red"\nfast',
    negativePrompt: 'blurry: no',
    steps: 25,
    sampler: 'DPM++ 2M',
    scheduleType: 'Karras',
  },
  ...{
    cfgScale: 0,
    seed: 0,
    width: 512,
    height: 448,
    quality: 'fast',
    promptSyntax: 'a1111',
    model: 'a, b',
    modelHash: '0123456789',
    version: 'sdnb 0.1.0',
  },
  ...{
    clipSkip: 1,
    guidanceRescale: 0.7,
    eta: 0.5,
    dtype: 'float16',
    quantization: 'nf4',
    batch: { index: 1, count: 3 },
  },
  ...{ timesteps: [990, 1], sigmas: [14.6, 0], untold: ['latents', 'generator'] },
  scheduler: { _className: 'EulerDiscreteScheduler', betaEnd: 0.012 },
}

test.each([
  all,
  { prompt: 'only' },
  { prompt: '', seed: 7 },
  { ...all, prompt: 'Straße ÿ' },
  { ...all, prompt: '猫 🚗 \0' },
])('the bytes are those that the pipeline writes: %j', async parameters => {
  const expected = await red(parameters).toPNG()
  expect(Buffer.from(withParameters(await red().toPNG(), parameters))).toEqual(Buffer.from(expected))
})

test('a seed beyond 2⁵³, which came as its digits, is read from the file as it was', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sdnb-png-')), 'a.png')
  const given = { prompt: 'a car', steps: 1, cfgScale: 1, seed: '18446744073709551615' }
  writeFileSync(file, withParameters(await red().toPNG(), given))
  const { parameters, data } = await Image.open(file)
  expect([parameters, [...data]]).toEqual([{ ...given, seed: 18446744073709551615n }, [255, 0, 0]])
})
