import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CorruptWeightsError,
  InvalidOptionError,
  ModelNotFoundError,
  UnsupportedModelError,
} from '../../../src/pipeline/errors.js'
import { componentWeights, modelIndex, readJson, resolveModel } from '../../../src/pipeline/weights/repository.js'

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'repository-'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

/** A safetensors file of one float32 tensor `name` = [0]. */
function safetensors(name: string): Buffer {
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, Buffer.alloc(4)])
}

let count = 0
/** A fresh folder with these files. */
function folderOf(files: Record<string, string | Buffer>): string {
  const folder = join(scratch, `model-${count++}`)
  mkdirSync(folder)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.fail('it did not fail'),
    error => error,
  )

describe('a source that is', () => {
  test('a folder is that folder, absolute, relative or from the home', async () => {
    const folder = folderOf({ 'model_index.json': '{}' })
    expect(await resolveModel(folder)).toBe(folder)
    expect(await resolveModel(relative(process.cwd(), folder))).toBe(folder)
    expect(await resolveModel(`~/${relative(homedir(), folder)}`)).toBe(folder)
  })

  test('sdnb/tiny is the model of the package', async () => {
    const index = JSON.parse(readFileSync(join(await resolveModel('sdnb/tiny'), 'model_index.json'), 'utf8'))
    expect(index._class_name).toBe('StableDiffusionPipeline')
  })

  test.each(['./none', '/none/at/all', 'one', 'three/part/name', '~/none', '../up', 'C:\\models'])(
    'no folder and no hub id: %s',
    async source => {
      const error = await errorOf(resolveModel(source))
      expect(error).toBeInstanceOf(ModelNotFoundError)
      expect(error.message).toMatch(/expected a folder or a hub id \(owner\/name\); there is no folder/)
    },
  )

  test.each(['', ' ', undefined as unknown as string])('nothing: %j', async source =>
    expect(await errorOf(resolveModel(source))).toBeInstanceOf(InvalidOptionError),
  )

  test.each(['model.ckpt', 'model.bin', 'model.pt'])('a pickle is refused with the reason: %s', async name => {
    const error = await errorOf(resolveModel(join(folderOf({ [name]: 'x' }), name)))
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch(`${name} is a pickle: opening one can run any code, so it is never opened here`)
  })

  test('a single .safetensors is refused', async () => {
    const error = await errorOf(resolveModel(join(folderOf({ 'v1.safetensors': 'x' }), 'v1.safetensors')))
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch('v1.safetensors is a single file: load it with fromSingleFile')
  })

  test('a folder without the variant asked for', async () => {
    const folder = folderOf({ 'unet/diffusion_pytorch_model.fp16.safetensors': '' })
    expect(await resolveModel(folder, { variant: 'fp16' })).toBe(folder)
    const error = await errorOf(resolveModel(folder, { variant: 'bf16' }))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch('expected weights of the variant "bf16"; it has fp16 and those without a variant')
  })

  test('asked for with an aborted signal ends at once', async () =>
    expect((await errorOf(resolveModel(scratch, { signal: AbortSignal.abort() }))).name).toBe('AbortError'))
})

describe('model_index.json', () => {
  test('names the parts, null for those left out; settings are not parts', async () => {
    const folder = folderOf({
      'model_index.json': JSON.stringify({
        _class_name: 'StableDiffusionPipeline',
        _diffusers_version: '0.42.1',
        requires_safety_checker: false,
        safety_checker: [null, null],
        unet: ['diffusers', 'UNet2DConditionModel'],
      }),
    })
    expect(await modelIndex(folder)).toEqual({
      _class_name: 'StableDiffusionPipeline',
      safety_checker: [null, null],
      unet: ['diffusers', 'UNet2DConditionModel'],
    })
  })

  test('missing: the error tells what the folder holds instead', async () => {
    const error = await errorOf(modelIndex(folderOf({ 'config.json': '{}', 'weights.bin': '' })))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch(
      'expected a folder in diffusers layout, with a model_index.json; it holds config.json, weights.bin',
    )
  })

  test('in no folder: the error says so', async () => {
    const error = await errorOf(modelIndex(join(scratch, 'none')))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error.message).toMatch('there is no folder')
  })

  test('broken: the error names line and column', async () => {
    const error = await errorOf(modelIndex(folderOf({ 'model_index.json': '{\n  "_class_name": x\n}' })))
    expect(error).toBeInstanceOf(CorruptWeightsError)
    expect(error.message).toMatch('model_index.json:2:18: expected JSON')
  })

  test('without a class is refused', async () => {
    const error = await errorOf(
      modelIndex(folderOf({ 'model_index.json': '{"_class_name": ["pipeline.py", "Mine"]}' })),
    )
    expect(error).toBeInstanceOf(UnsupportedModelError)
    expect(error.message).toMatch('"_class_name" must name a pipeline class, got ["pipeline.py","Mine"]')
  })
})

test('readJson reads a file of the folder', async () =>
  expect(await readJson(folderOf({ 'unet/config.json': '{"in_channels": 4}' }), 'unet/config.json')).toEqual({
    in_channels: 4,
  }))

describe('weights of a part', () => {
  const names = async (files: Record<string, string | Buffer>, variant?: string) => [
    ...(await componentWeights(folderOf(files), 'unet', { variant })).keys(),
  ]

  test.each(['model', 'diffusion_pytorch_model'])('%s.safetensors', async base =>
    expect(await names({ [`unet/${base}.safetensors`]: safetensors('a') })).toEqual(['a']),
  )

  test('of the variant where it is there, else without', async () => {
    const both = { 'unet/model.safetensors': safetensors('plain'), 'unet/model.fp16.safetensors': safetensors('half') }
    expect(await names(both, 'fp16')).toEqual(['half'])
    expect(await names(both)).toEqual(['plain'])
    expect(await names({ 'unet/model.safetensors': safetensors('plain') }, 'fp16')).toEqual(['plain'])
  })

  test.each([
    [undefined, 'model.safetensors.index.json', (n: number) => `model-0000${n}-of-00002.safetensors`],
    ['fp16', 'model.safetensors.index.fp16.json', (n: number) => `model.fp16-0000${n}-of-00002.safetensors`],
    ['fp16', 'model.safetensors.fp16.index.json', (n: number) => `model-0000${n}-of-00002.fp16.safetensors`],
  ])('sharded, variant %s, by %s', async (variant, index, shard) =>
    expect(
      await names(
        {
          [`unet/${index}`]: JSON.stringify({ weight_map: { a: shard(1), b: shard(2) } }),
          [`unet/${shard(1)}`]: safetensors('a'),
          [`unet/${shard(2)}`]: safetensors('b'),
        },
        variant,
      ),
    ).toEqual(['a', 'b']),
  )

  test.each([
    [
      { 'unet/diffusion_pytorch_model.bin': 'x' },
      UnsupportedModelError,
      'in a pickle alone (diffusion_pytorch_model.bin)',
    ],
    [{ 'unet/model.onnx': 'x' }, UnsupportedModelError, 'has no .safetensors, only model.onnx'],
    [{ 'unet/config.json': '{}' }, ModelNotFoundError, 'it holds config.json'],
    [{ 'vae/config.json': '{}' }, ModelNotFoundError, 'with the weights of "unet": there is none'],
    [
      { 'unet/model.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n' },
      CorruptWeightsError,
      'is a Git LFS pointer, not the file',
    ],
  ])('refused: %j', async (files, type, message) => {
    const error = await errorOf(names(files as Record<string, string>))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(message)
  })
})
