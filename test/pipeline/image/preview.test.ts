import { expect, test } from 'vitest'
import { type Preview, previews } from '../../../src/pipeline/image/preview.js'
import { tensor } from '../../../src/pipeline/tensor.js'

/** Two channels: the first is red, the second blue and a little green. */
const rgb = {
  factors: [
    [1, 0, 0],
    [0, 0.2, 1],
  ],
  bias: [0, 0, 0],
}

async function pixelsOf({ png }: Preview): Promise<number[]> {
  const { default: sharp } = await import('sharp')
  return [...(await sharp(Buffer.from(png, 'base64')).raw().toBuffer())]
}

test('one pixel a latent: −1 is black, 0 half bright, 1 bright', async () => {
  const latents = tensor([-1, 1, /**/ -1, 0], [1, 2, 1, 2])
  const [preview] = await previews(latents, rgb)
  expect([preview.width, preview.height]).toEqual([2, 1])
  expect(await pixelsOf(preview)).toEqual([0, 102, 0, /**/ 255, 128, 128])
})

test('one a picture of the batch', async () => {
  const latents = tensor([1, 0, /**/ 0, 1], [2, 2, 1, 1])
  const [first, second] = await previews(latents, rgb)
  expect(await pixelsOf(first)).toEqual([255, 128, 128])
  expect(await pixelsOf(second)).toEqual([128, 153, 255])
})

test('colours beyond the range are cut, a bias is added', async () => {
  const latents = tensor([9, -9], [1, 2, 1, 1])
  const [preview] = await previews(latents, { ...rgb, bias: [0, 2.8, 0] })
  expect(await pixelsOf(preview)).toEqual([255, 255, 0])
})
