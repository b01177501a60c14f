import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/pipeline/errors.js'
import { Image } from '../../../src/pipeline/image/image.js'
import { difference, filled, fixture, opened, shown } from './fixture.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const redBlue = Uint8Array.from([255, 0, 0, 0, 0, 255])

test('an image has three bytes a pixel', () => {
  expect(() => new Image(new Uint8Array(8), 2, 1)).toThrow(
    new InvalidOptionError('an image of 2×1 is a Uint8Array of 6 bytes (RGB), got 8 bytes'),
  )
  expect(() => new Image([1, 2, 3] as unknown as Uint8Array, 1, 1)).toThrow('got object')
  expect(() => new Image(new Uint8Array(0), 0, 1)).toThrow('width must be a whole number of pixels, at least 1, got 0')
})

describe('a PNG', () => {
  test('holds the pixels, losslessly', async () => {
    const source = await opened('source.png')
    await source.save(join(folder, 'copy.png'))
    expect(difference(await Image.open(join(folder, 'copy.png')), source)).toEqual({ bytes: 0, most: 0 })
  })

  test('of real detail is no larger than half as much again as Pillow’s', async () => {
    const source = await opened('source.png')
    expect((await source.toPNG()).length).toBeLessThan(readFileSync(fixture('source.png')).length * 1.5)
  })

  test.each(['a cat', 'café', '猫 🐈'])('tells how it was made and gives it back: %s', async prompt => {
    const image = new Image(redBlue, 2, 1, {
      prompt,
      steps: 4,
      sampler: 'Euler',
      cfgScale: 7.5,
      seed: 0,
      width: 2,
      height: 1,
    })
    await image.save(join(folder, 'told.png'))
    const back = await Image.open(join(folder, 'told.png'))
    expect(back.parameters).toEqual(image.parameters)
    expect(back.data).toEqual(redBlue)
  })

  test.each([
    ['text', 'a cat'],
    ['ztxt', 'a cat'],
    ['itxt', 'a 猫'],
    ['itxt-zipped', 'a 猫'],
  ])('by another program tells it too: %s', async (name, prompt) =>
    expect((await opened(`${name}.png`)).parameters).toEqual({
      prompt,
      steps: 4,
      sampler: 'Euler',
      cfgScale: 7.5,
      seed: 0,
      width: 2,
      height: 1,
    }),
  )
})

describe('Image.open gives RGB of', () => {
  test.each([
    ['grey.png', [76, 76, 76, 29, 29, 29]],
    ['palette.png', [255, 0, 0, 0, 0, 255]],
    ['alpha.png', [255, 0, 0, 0, 0, 255]],
    ['transparent.png', [255, 0, 0, 0, 0, 255]],
    ['grey16.png', [255, 255, 255, 128, 128, 128]],
  ])('%s', async (name, pixels) => expect([...(await opened(name)).data]).toEqual(pixels))

  test.each(['jpg', 'webp', 'avif', 'tiff', 'gif'])('a .%s that was saved', async extension => {
    const path = join(folder, `picture.${extension}`)
    await filled(16, 8, [200, 100, 50]).save(path)
    const back = await Image.open(path)
    expect([back.width, back.height]).toEqual([16, 8])
    expect(difference(back, filled(16, 8, [200, 100, 50])).most).toBeLessThan(8)
  })
})

test('an unknown extension is refused', async () =>
  expect(filled(1, 1, [0, 0, 0]).save(join(folder, 'a.docx'))).rejects.toThrow(
    'expected an extension .png, .jpg, .jpeg, .webp, .avif, .tif, .tiff, .gif, got ".docx"',
  ))

test('no file, and a file that is no image, are errors', async () => {
  writeFileSync(join(folder, 'no.png'), 'no image')
  await expect(Image.open(join(folder, 'none.png'))).rejects.toBeInstanceOf(InvalidOptionError)
  await expect(Image.open(join(folder, 'no.png'))).rejects.toThrow('no.png: expected an image')
})

describe('a notebook shows it', () => {
  test('as PNG bytes, and beside them how it was made', async () => {
    const parameters = { prompt: 'a cat', seed: 2n ** 63n }
    const bundle = await shown(new Image(redBlue, 2, 1, parameters))
    expect(bundle['text/plain']).toBe('Image 2×1')
    expect(Buffer.from(bundle['image/png']).toString('latin1', 1, 4)).toBe('PNG')
    expect(bundle['application/vnd.sdnb.image+json']).toEqual({
      version: 1,
      width: 2,
      height: 1,
      pictures: [{ x: 0, y: 0, width: 2, height: 1, parameters: { prompt: 'a cat', seed: '9223372036854775808' } }],
    })
  })

  test('without parameters where it has none', async () => {
    const { pictures } = (await shown(new Image(redBlue, 2, 1)))['application/vnd.sdnb.image+json']
    expect(pictures).toEqual([{ x: 0, y: 0, width: 2, height: 1 }])
  })
})

test('on a terminal it is its size', () =>
  expect(inspect({ image: new Image(redBlue, 2, 1) })).toBe('{ image: Image 2×1 }'))

describe('resize is Pillow’s LANCZOS, byte for byte', () => {
  test.each([
    [30, 24],
    [80, 64],
    [40, 17],
    [13, 32],
    [7, 5],
    [1, 1],
    [97, 11],
    [41, 33],
    [400, 8],
    [38, 28],
    [38, 27],
  ])('40×32 → %i×%i', async (width, height) => {
    const source = await opened('source.png')
    const wanted = await opened(`resized-${width}x${height}.png`)
    expect(difference(await source.resize(width, height), wanted)).toEqual({ bytes: 0, most: 0 })
  })

  test('black and white noise, where the filter rings beyond 0–255', async () => {
    const got = await (await opened('noise.png')).resize(50, 50)
    expect(difference(got, await opened('noise-50x50.png'))).toEqual({ bytes: 0, most: 0 })
  })

  test('the same size is a copy', async () => {
    const source = await opened('source.png')
    const copy = await source.resize(40, 32)
    expect(copy.data).toEqual(source.data)
    expect(copy.data).not.toBe(source.data)
  })

  test('no pixels are refused', () =>
    expect(filled(2, 2, [0, 0, 0]).resize(2, 0)).rejects.toThrow(
      'height must be a whole number of pixels, at least 1, got 0',
    ))
})
