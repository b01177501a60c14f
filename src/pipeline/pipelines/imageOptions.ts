import { InvalidOptionError } from '../errors.js'
import { Image } from '../image/image.js'
import { normalized, samplesOf } from '../image/samples.js'
import { finite, shown } from '../optionChecks.js'
import { checkedTensor, type Tensor } from '../tensor.js'
import type { Sizes } from './callOptions.js'

/** A picture, one a prompt, or scaled latents [1 or prompts, channels, height/8, width/8], as `outputType: 'latent'` gives them. */
export type ImageInput = Image | Image[] | Tensor

/** @throws InvalidOptionError for what are no pictures */
export function checkedImages(name: string, value: unknown): Image[] {
  const images = Array.isArray(value) ? value : [value]
  if (images.length === 0 || !images.every(image => image instanceof Image))
    throw new InvalidOptionError(
      `${name} must be an Image or a list of them, such as await Image.open('photo.png'), got ${shown(value)}`,
    )
  return images
}

/** @returns pixels; what of the first picture's sides is no multiple of a latent's is left off, as diffusers does */
export function sizeOf([{ width, height }]: readonly Image[], scaleFactor: number): { width: number; height: number } {
  if (width < scaleFactor || height < scaleFactor)
    throw new InvalidOptionError(`image must be at least ${scaleFactor} pixels wide and high, got ${width}×${height}`)
  return { width: width - (width % scaleFactor), height: height - (height % scaleFactor) }
}

/**
 * What is to be changed.
 * @returns its size in pixels, and samples [n, 3, height, width], −1…1; or the latents
 */
export function checkedImageInput(
  name: string,
  value: unknown,
  { scaleFactor, channels }: Sizes,
  size?: { width?: number | undefined; height?: number | undefined },
): { image: Tensor; width: number; height: number } {
  if (isTensor(value)) {
    const image = checkedTensor(name, value, ['pictures', channels, 'height', 'width'])
    return { image, width: image.dims[3] * scaleFactor, height: image.dims[2] * scaleFactor }
  }
  const images = checkedImages(name, value)
  const { width, height } = { ...sizeOf(images, scaleFactor), ...defined(size) }
  return { image: normalized(samplesOf(images, width, height)), width, height }
}

/** @throws InvalidOptionError unless there is one for all prompts, or one for each */
export function checkPromptCount(name: string, { dims: [count] }: Tensor, promptCount: number): void {
  if (count !== 1 && count !== promptCount)
    throw new InvalidOptionError(`${name} must be one, or one a prompt (${promptCount}), got ${count}`)
}

/** @throws InvalidOptionError where it is not 0…1, or leaves no step to make */
export function checkedStrength(strength: number, steps: number): number {
  finite('strength', strength, 0, 1)
  if (Math.trunc(steps * strength) < 1)
    throw new InvalidOptionError(
      `strength ${strength} leaves none of ${steps} steps to make: give ${Math.ceil(100 / steps) / 100} or more, or more steps`,
    )
  return strength
}

function isTensor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'dims' in value
}

function defined<T extends object>(values: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>
}
