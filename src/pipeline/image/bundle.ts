import { inspect } from 'node:util'
import type { Image } from './image.js'
import type { ImageParameters } from './parameters.js'

/** An image for any viewer, and what its pictures are for those that know the type. */
export interface ImageBundle {
  'image/png': Uint8Array
  'text/plain': string
  'application/vnd.sdnb.image+json': ImageDetails
}

export async function imageBundle(image: Image): Promise<ImageBundle> {
  return {
    'image/png': await image.toPNG(),
    'text/plain': inspect(image),
    'application/vnd.sdnb.image+json': imageDetails(image),
  }
}

/** What a notebook's viewer is told of an image beside its PNG; `protocol/pictures.ts` says the same. */
export interface ImageDetails {
  version: 1
  /** px */
  width: number
  height: number
  /** an image is one picture that fills it, a grid one for each tile */
  pictures: PictureDetails[]
}

interface PictureDetails {
  /** px, from the image's upper left corner */
  x: number
  y: number
  width: number
  height: number
  parameters?: JsonParameters
}

/** As `ImageParameters`, with a seed beyond 2⁵³ as its decimal digits, since JSON would round it. */
interface JsonParameters extends Omit<ImageParameters, 'seed'> {
  seed?: number | string
}

function imageDetails({ width, height, tiles, parameters }: Image): ImageDetails {
  const pictures = tiles ?? [{ x: 0, y: 0, width, height, ...(parameters && { parameters }) }]
  return {
    version: 1,
    width,
    height,
    pictures: pictures.map(({ parameters, ...place }) => ({
      ...place,
      ...(parameters && { parameters: jsonParameters(parameters) }),
    })),
  }
}

function jsonParameters({ seed, ...others }: ImageParameters): JsonParameters {
  return { ...others, ...(seed !== undefined && { seed: typeof seed === 'bigint' ? `${seed}` : seed }) }
}
