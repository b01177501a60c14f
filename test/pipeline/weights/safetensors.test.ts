import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CorruptWeightsError } from '../../../src/pipeline/errors.js'
import { readSafetensors } from '../../../src/pipeline/weights/safetensors.js'
import { readSafetensorsIndex } from '../../../src/pipeline/weights/safetensorsIndex.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'safetensors-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A header (an object, or text as it is), then `dataLength` zeros. */
function bytes(header: object | string, dataLength: number, headerLength?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(headerLength ?? BigInt(text.length))
  return Buffer.concat([prefix, text, Buffer.alloc(dataLength)])
}

async function written(name: string, content: Buffer | string): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, content)
  return file
}

const f32 = (shape: number[], from: number, to: number) => ({ dtype: 'F32', shape, data_offsets: [from, to] })

test('tensors are told by place, and no data is read', async () => {
  const header = { __metadata__: { format: 'pt' }, b: f32([2, 3], 4, 28), a: f32([], 0, 4) }
  const file = await written('two.safetensors', bytes(header, 28))
  const start = 8 + JSON.stringify(header).length
  expect(await readSafetensors(file)).toEqual(
    new Map([
      ['b', { dtype: 'F32', shape: [2, 3], file, offset: start + 4, length: 24 }],
      ['a', { dtype: 'F32', shape: [], file, offset: start, length: 4 }],
    ]),
  )
})

test('through a link the place is that of the real file', async () => {
  const file = await written('real.safetensors', bytes({ a: f32([1], 0, 4) }, 4))
  const link = path.join(folder, 'link.safetensors')
  await symlink(file, link)
  expect((await readSafetensors(link)).get('a')!.file).toBe(file)
})

test('empty tensors, and a file without any, are sound', async () => {
  const file = await written('empty.safetensors', bytes({ a: f32([0, 4], 0, 0), b: f32([1], 0, 4) }, 4))
  expect((await readSafetensors(file)).get('a')!.length).toBe(0)
  expect((await readSafetensors(await written('none.safetensors', bytes({}, 0)))).size).toBe(0)
})

describe('a damaged file is a CorruptWeightsError that names it', () => {
  test.each<[string, Buffer, string]>([
    ['nothing in it', Buffer.alloc(0), 'expected at least 8 bytes, got 0'],
    ['a header longer than the file', bytes({}, 0, 500n), 'the header is 500 bytes long, the file only 10'],
    [
      'a header over the limit',
      bytes({}, 0, 100_000_001n),
      'expected a header of at most 100000000 bytes, got 100000001',
    ],
    [
      'a header of 2⁶⁴ − 1 bytes',
      bytes({}, 0, 2n ** 64n - 1n),
      'expected a header of at most 100000000 bytes, got 18446744073709551615',
    ],
    ['no JSON', bytes('{"a": ', 0), 'the header is not JSON'],
    ['a header that is no object', bytes('[]', 0), 'the header is not a JSON object'],
    ['cut short', bytes({ a: f32([2], 0, 8) }, 5), '"a" lies at bytes 0 to 8 of 5'],
    ['a range that ends before it begins', bytes({ a: f32([1], 4, 0) }, 4), '"a" lies at bytes 4 to 0 of 4'],
    ['a length that is not the shape’s', bytes({ a: f32([3], 0, 8) }, 8), '"a" is F32 [3], 12 bytes, but has 8'],
    ['an unknown type', bytes({ a: { ...f32([1], 0, 4), dtype: 'F31' } }, 4), '"a" has the unknown type F31'],
    [
      'an entry without offsets',
      bytes({ a: { dtype: 'F32', shape: [1] } }, 4),
      'expected dtype, shape and data_offsets for "a"',
    ],
    ['a negative dimension', bytes({ a: f32([-1], 0, 4) }, 4), 'expected dtype, shape and data_offsets for "a"'],
    ['tensors that overlap', bytes({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12), '"b" overlaps the tensor before it'],
    ['a gap', bytes({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), 'there are 4 unclaimed bytes before "b"'],
    ['bytes after the last', bytes({ a: f32([1], 0, 4) }, 6), 'there are 2 unclaimed bytes after the last tensor'],
  ])('%s', async (_, content, message) => {
    const file = await written('damaged.safetensors', content)
    const read = readSafetensors(file)
    await expect(read).rejects.toThrow(CorruptWeightsError)
    await expect(read).rejects.toThrow(`${file}: ${message}`)
  })
})

describe('shards', () => {
  const index = (weightMap: unknown) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: weightMap })

  test('are joined by their index', async () => {
    const one = await written('1.safetensors', bytes({ a: f32([1], 0, 4) }, 4))
    const two = await written('2.safetensors', bytes({ b: f32([1], 0, 4) }, 4))
    const file = await written('good.index.json', index({ a: '1.safetensors', b: '2.safetensors' }))
    const weights = await readSafetensorsIndex(file)
    expect([...weights].map(([name, { file }]) => [name, file])).toEqual([
      ['a', one],
      ['b', two],
    ])
  })

  test.each<[string, string, string]>([
    ['no JSON', '{', 'not JSON'],
    ['no weight_map', '{}', 'expected an object "weight_map", got undefined'],
    [
      'a shard elsewhere',
      index({ a: '../1.safetensors' }),
      'expected a file name beside the index for "a", got "../1.safetensors"',
    ],
    ['a missing shard', index({ a: '3.safetensors' }), 'names 3.safetensors, which is missing beside it'],
    [
      'a tensor that its shard lacks',
      index({ b: '1.safetensors' }),
      'expected "b" in 1.safetensors, which does not hold it',
    ],
  ])('with %s are corrupt', async (_, text, message) => {
    await written('1.safetensors', bytes({ a: f32([1], 0, 4) }, 4))
    const file = await written('bad.index.json', text)
    const read = readSafetensorsIndex(file)
    await expect(read).rejects.toThrow(CorruptWeightsError)
    await expect(read).rejects.toThrow(`${file}: ${message}`)
  })

  test('with a tensor that the index does not name are corrupt', async () => {
    await written('both.safetensors', bytes({ a: f32([1], 0, 4), b: f32([1], 4, 8) }, 8))
    const file = await written('half.index.json', index({ a: 'both.safetensors' }))
    await expect(readSafetensorsIndex(file)).rejects.toThrow(`${file}: does not name "b" of both.safetensors`)
  })
})
