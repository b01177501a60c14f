import { InvalidOptionError } from '../errors.js'
import { Image } from '../image/image.js'
import { checkedTensor, slice, type Tensor, tensor } from '../tensor.js'

/**
 * What an autoencoder encodes: a picture, or samples, −1…1.
 * @returns [batch, channels, height, width]
 * @throws InvalidOptionError where the sides are no multiples of `multiple`
 */
export function checkedPictures(image: Image | Tensor, channels: number, multiple: number): Tensor {
  const given = image instanceof Image ? pixels(image) : image
  const sample = checkedTensor('image', given, ['batch', channels, 'height', 'width'])
  const [, , height, width] = sample.dims
  if (height % multiple || width % multiple)
    throw new InvalidOptionError(
      `image must have sides that are multiples of ${multiple}, got ${width}×${height}: resize it`,
    )
  return sample
}

/** One picture at a time: a batch is no faster here and takes as many times the memory. */
export async function eachItem<T>(batch: Tensor, run: (item: Tensor) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < batch.dims[0]; i++) results.push(await run(slice(batch, i, i + 1)))
  return results
}

/** RGB bytes, HWC → samples, [1, 3, height, width], −1…1 */
function pixels({ width, height, data }: Image): Tensor {
  const size = width * height
  const sample = new Float32Array(3 * size)
  for (let i = 0; i < 3 * size; i++) sample[(i % 3) * size + Math.floor(i / 3)] = data[i] / 127.5 - 1
  return tensor(sample, [1, 3, height, width])
}
