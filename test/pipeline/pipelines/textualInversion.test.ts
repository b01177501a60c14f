import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CorruptWeightsError, StableDiffusionPipeline, UnsupportedModelError } from '../../../src/pipeline/index.js'
import { writeSafetensors } from '../../support/safetensors.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/pipelines/${name}`, import.meta.url))
const file = (name: string) => fixture(`inversion/${name}`)

let folder: string
let pipeline: StableDiffusionPipeline
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sdnb-inversion-'))
  pipeline = await StableDiffusionPipeline.fromPretrained(fixture('sd1'), { device: 'cpu' })
})
afterAll(async () => {
  await pipeline?.dispose()
  rmSync(folder, { recursive: true })
})
afterEach(() => pipeline.unloadTextualInversion())

const load = (path: string | string[], token?: string | string[]) =>
  pipeline.loadTextualInversion(path, token === undefined ? {} : { token })

const idsOf = (prompt: string) => pipeline.tokenizer(prompt, { padding: false }).inputIds[0].slice(1, -1)

describe('a token', () => {
  it('is the file’s own, or its name where it tells none, and all its vectors whatever the case', async () => {
    await load([file('diffusers.safetensors'), file('style-three.safetensors'), file('webui.pt')])
    expect([...pipeline.textEncoder.inversions.keys()]).toEqual(['<toy>', 'style-three', 'webui'])
    expect(idsOf('<TOY> Style-Three')).toEqual([634, 635, 636, 637])
    expect(idsOf('webui_2<toy>')).toEqual([640, 634])
  })

  it('counts as many tokens of a prompt as it has vectors', async () => {
    await load(file('webui.pt'))
    const { inputIds, truncated } = pipeline.tokenizer('webui '.repeat(30))
    expect(inputIds[0]).toHaveLength(77)
    expect(inputIds[0][75]).toBe(636)
    expect(truncated).toHaveLength(1)
  })

  it('must be free, and given where the file tells none', async () => {
    await load(file('diffusers.bin'))
    await expect(load(file('diffusers.safetensors'))).rejects.toThrow(
      'the token "<toy>" is in the tokenizer\'s vocabulary',
    )
    await expect(load(file('diffusers.safetensors'), 'a</w>')).rejects.toThrow('the token "a</w>" is in the')
    await expect(load(file('tensor.pt'))).rejects.toThrow(
      'is a tensor by itself, which tells no token: give it by `token`',
    )
    await expect(load(file('tensor.pt'), ['<a>', '<b>'])).rejects.toThrow(
      '2 of them need a file of a tensor alone with as many',
    )
    await expect(load([file('webui.pt'), file('legacy.bin')], ['<a>'])).rejects.toThrow(
      'token must have one a file (2), got 1',
    )
    await expect(load(file('webui.pt'), '')).rejects.toThrow('token must be a word such as "<cat-toy>"')
    expect(() => pipeline.unloadTextualInversion('<b>')).toThrow(
      'no textual inversion "<b>" is loaded; loaded are <toy>',
    )
    expect(idsOf('<toy>')).toEqual([634])
  })
})

describe('a file that is refused, after which nothing has changed', () => {
  const written = (name: string, content: Buffer | string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const tensors = (shapes: Record<string, number[]>) => {
    const path = join(folder, 'some.safetensors')
    writeSafetensors(path, Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }])))
    return path
  }
  const cut = (name: string, length: number) => written(`cut-${name}`, readFileSync(file(name)).subarray(0, length))
  const broken = (name: string, from: string, to: string) =>
    written(`broken-${name}`, Buffer.from(readFileSync(file(name)).toString('latin1').replace(from, to), 'latin1'))

  it.each<[string, () => string, typeof CorruptWeightsError | typeof UnsupportedModelError, string]>([
    [
      'a pickle that calls',
      () => file('calls.pt'),
      UnsupportedModelError,
      'posix.getcwd, which no tensor needs: it is not',
    ],
    ['an old one that calls', () => file('calls-legacy.pt'), UnsupportedModelError, 'asks for posix.getcwd'],
    ['another width', () => file('wide.pt'), UnsupportedModelError, 'its vectors are 48 wide, those of this model'],
    [
      'of Stable Diffusion 2',
      () => tensors({ '<x>': [2, 1024] }),
      UnsupportedModelError,
      "are 1024 wide, those of this model's text encoder 32: it was made for Stable Diffusion 2.x",
    ],
    [
      'of SDXL',
      () => tensors({ clip_l: [1, 768], clip_g: [1, 1280] }),
      UnsupportedModelError,
      'of Stable Diffusion XL',
    ],
    ['two tokens', () => tensors({ a: [32], b: [32] }), CorruptWeightsError, 'the vectors of a token, got 2: a, b'],
    [
      'an image',
      () => tensors({ a: [3, 32, 32] }),
      CorruptWeightsError,
      'expected vectors [count, 32], got [3, 32, 32]',
    ],
    ['a transposed tensor', () => file('transposed.pt'), CorruptWeightsError, 'view with gaps, or transposed'],
    [
      'no pickle',
      () => written('none.pt', 'hello'),
      CorruptWeightsError,
      'opcode, 0x68'.replace('opcode, 0x68', 'the pickle'),
    ],
    ['nothing', () => written('empty.pt', ''), CorruptWeightsError, 'the pickle is cut short'],
    ['an archive cut short', () => cut('webui.pt', 900), CorruptWeightsError, 'has no directory at its end'],
    ['numbers cut short', () => cut('webui-legacy.pt', 900), CorruptWeightsError, 'are cut short'],
    ['a pickle cut short', () => cut('webui-legacy.pt', 300), CorruptWeightsError, 'the pickle is cut short'],
    [
      'a type that is none',
      () => broken('webui-legacy.pt', 'FloatStorage', 'FloofStorage'),
      UnsupportedModelError,
      'torch.FloofStorage',
    ],
    [
      'a dict of other things',
      () => broken('webui.pt', 'string_to_param', 'string_to_parax'),
      CorruptWeightsError,
      'got a dict of',
    ],
    ['no file', () => join(folder, 'nowhere.pt'), CorruptWeightsError, 'there is no '],
  ])('%s', async (_, path, type, message) => {
    const error = await load(path(), path().endsWith('tensor.pt') ? '<x>' : undefined).catch((error: Error) => error)
    expect((error as Error).message).toContain(message)
    if (message !== 'there is no ') expect(error).toBeInstanceOf(type)
    expect(pipeline.textEncoder.inversions.size).toBe(0)
  })

  it('one of two', async () => {
    await expect(load([file('webui.pt'), file('wide.pt')])).rejects.toThrow('48 wide')
    expect(idsOf('webui')).not.toContain(634)
  })
})

it('a pickle as weights of a model stays refused', async () => {
  const path = join(folder, 'model.ckpt')
  copyFileSync(file('webui.pt'), path)
  await expect(StableDiffusionPipeline.fromSingleFile(path)).rejects.toThrow('opening one can run any code')
})
