import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cropped, maskRegion, overlaid, resizedAndFilled } from '../../../src/pipeline/image/crop.js'
import { Image } from '../../../src/pipeline/image/image.js'
import { masksOf } from '../../../src/pipeline/image/mask.js'
import { samplesOf } from '../../../src/pipeline/image/samples.js'
import { difference, filled, fixture, opened } from './fixture.js'

const same = { bytes: 0, most: 0 }

test.each(['0.3', '1', '2.5', '9'])('a Gaussian blur of %s px is Pillow’s, byte for byte', async radius => {
  const source = await opened('source.png')
  expect(difference(await source.blur(Number(radius)), await opened(`blurred-${radius}.png`))).toEqual(same)
})

test('a blur of 0 leaves the picture, one below is refused', async () => {
  const source = await opened('source.png')
  expect(difference(await source.blur(0), source)).toEqual(same)
  await expect(source.blur(-1)).rejects.toThrow('radius must be a number of pixels from 0 up, got -1')
})

const crops = JSON.parse(readFileSync(fixture('crops.json'), 'utf8')) as {
  pad: number
  width: number
  height: number
  region: [left: number, top: number, right: number, bottom: number]
}[]

describe.each(crops.map((crop, i) => ({ ...crop, i })))('around mask $i', ({ i, pad, width, height, region }) => {
  const [left, top, right, bottom] = region

  test('the region that is painted is diffusers’', async () => {
    const found = maskRegion(await opened(`crop-${i}-mask.png`), width, height, pad)
    expect(found).toEqual({ left, top, right, bottom })
  })

  test('it is cut out, and what is painted put back, byte for byte', async () => {
    const [source, mask] = [await opened('source.png'), await opened(`crop-${i}-mask.png`)]
    const cut = resizedAndFilled(cropped(source, { left, top, right, bottom }), width, height)
    expect(difference(cut, await opened(`crop-${i}-filled.png`))).toEqual(same)
    const painted = await opened(`crop-${i}-painted.png`)
    const whole = overlaid(source, mask, painted, { left, top, right, bottom })
    expect(difference(whole, await opened(`crop-${i}-overlaid.png`))).toEqual(same)
  })
})

test('a black mask has no region', () => {
  expect(maskRegion(filled(9, 7, [0, 0, 0]), 8, 8, 3)).toBeUndefined()
})

test('samples run from 0 to 1, plane by plane', () => {
  const image = new Image(Uint8Array.of(255, 0, 0, 0, 51, 255), 2, 1)
  expect(samplesOf([image], 2, 1)).toEqual({
    type: 'float32',
    dims: [1, 3, 1, 2],
    data: Float32Array.of(1, 0, 0, 0.2, 0, 1),
  })
})

test('a mask is cut at half grey, colours by how bright they look', () => {
  const levels = [127, 128, 0, 255].flatMap(level => [level, level, level])
  expect([...masksOf([new Image(Uint8Array.from(levels), 4, 1)], 4, 1).data]).toEqual([0, 1, 0, 1])
  // green is brighter than blue
  expect([...masksOf([new Image(Uint8Array.of(0, 255, 0, 0, 0, 255), 2, 1)], 2, 1).data]).toEqual([1, 0])
})
