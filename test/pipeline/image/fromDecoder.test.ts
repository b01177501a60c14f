import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { imagesFromDecoder } from '../../../src/pipeline/image/fromDecoder.js'
import { tensor } from '../../../src/pipeline/tensor.js'
import { fixture } from './fixture.js'

test('a decoder’s sample becomes the bytes that diffusers makes of it', () => {
  const { dims, sample, images } = JSON.parse(readFileSync(fixture('decoded.json'), 'utf8')) as {
    dims: number[]
    sample: (number | 'nan' | 'inf' | '-inf')[]
    images: number[][]
  }
  const special = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity }
  const values = sample.map(value => (typeof value === 'number' ? value : special[value]))
  expect(imagesFromDecoder(tensor(values, dims)).map(image => [...image.data])).toEqual(images)
})

test('−1, 0 and 1 are black, grey and white', () => {
  const [image] = imagesFromDecoder(tensor([-1, 0, 1], [1, 3, 1, 1]))
  expect([...image.data]).toEqual([0, 128, 255])
})

test('another shape is refused', () =>
  expect(() => imagesFromDecoder(tensor([1], [1, 1, 1, 1]))).toThrow(
    'expected pictures of [n, 3, height, width], got [1, 1, 1, 1]',
  ))
