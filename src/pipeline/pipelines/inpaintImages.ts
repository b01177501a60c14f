import { InvalidOptionError } from '../errors.js'
import { cropped, maskRegion, overlaid, resizedAndFilled } from '../image/crop.js'
import type { Image } from '../image/image.js'
import { masksOf } from '../image/mask.js'
import { normalized, samplesOf } from '../image/samples.js'
import { whole } from '../optionChecks.js'
import { type Tensor, tensor } from '../tensor.js'
import type { Call } from './callOptions.js'
import { checkedImages } from './imageOptions.js'

export interface InpaintImages {
  /** what is painted in: one for all prompts, or one a prompt */
  image: Image | Image[]
  /** white where it is painted anew, black where it stays, cut at half grey; of another size it is stretched to the picture's */
  maskImage: Image | Image[]
  /**
   * paints the mask's surroundings alone, this many pixels around it, at the full `height` and `width`, and puts them back into
   * the picture: more detail where the mask is small. For one picture, with a mask of its size
   */
  paddingMaskCrop?: number
}

/** Puts what was painted back into the picture it was cut from. */
export type Overlay = (painted: Image) => Image

/**
 * @param size px
 * @returns samples −1…1, masks 0 or 1, and the samples with zeros where the mask is 1
 * @throws InvalidOptionError naming the option, what it may be and what came
 */
export function checkedInpainting(
  { paddingMaskCrop, ...options }: InpaintImages,
  { width, height, outputType }: Pick<Call, 'width' | 'height' | 'outputType'>,
): { image: Tensor; mask: Tensor; masked: Tensor; overlay: Overlay | undefined } {
  let images = checkedImages('image', options.image)
  let masks = checkedImages('maskImage', options.maskImage)
  let overlay: Overlay | undefined
  if (paddingMaskCrop !== undefined) {
    const pad = whole('paddingMaskCrop', paddingMaskCrop, 0)
    checkOne(images, masks)
    if (outputType !== 'image')
      throw new InvalidOptionError(`outputType must be "image" with paddingMaskCrop, got "${outputType}"`)
    const [[original], [mask]] = [images, masks]
    const region = maskRegion(mask, width, height, pad)
    if (!region)
      throw new InvalidOptionError('maskImage must have something white with paddingMaskCrop, got black alone')
    const cut = (image: Image) => resizedAndFilled(cropped(image, region), width, height)
    ;[images, masks] = [[cut(original)], [cut(mask)]]
    overlay = painted => overlaid(original, mask, painted, region)
  }
  const image = normalized(samplesOf(images, width, height))
  const mask = masksOf(masks, width, height)
  return { image, mask, masked: withoutMask(image, mask), overlay }
}

function checkOne(images: Image[], masks: Image[]): void {
  if (images.length !== 1 || masks.length !== 1)
    throw new InvalidOptionError(
      `paddingMaskCrop takes one image and one maskImage, got ${images.length} and ${masks.length}: call once for each`,
    )
  const [[image], [mask]] = [images, masks]
  if (image.width !== mask.width || image.height !== mask.height)
    throw new InvalidOptionError(
      `maskImage must have the size of image with paddingMaskCrop, ${image.width}×${image.height}, got ` +
        `${mask.width}×${mask.height}: resize it`,
    )
}

/** Grey, 0, where the mask is 1. */
function withoutMask(image: Tensor, mask: Tensor): Tensor {
  const [, channels, height, width] = image.dims
  const count = Math.max(image.dims[0], mask.dims[0])
  const plane = height * width
  const data = new Float32Array(count * channels * plane)
  for (let i = 0; i < data.length; i++) {
    const n = Math.floor(i / (channels * plane))
    const share = mask.data[(mask.dims[0] === 1 ? 0 : n) * plane + (i % plane)]
    data[i] = share < 0.5 ? image.data[i % image.data.length] : 0
  }
  return tensor(data, [count, channels, height, width])
}
