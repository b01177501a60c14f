import type { ImageDetails, ImageParameters, PictureDetails } from '../protocol/pictures.js'
import type { Made } from '../protocol/rendererMessages.js'
import { pngSize } from './png.js'

/** The one PNG that an output's pictures are parts of. */
export interface Source {
  /** id of the output */
  output: string
  png: Blob
  url: string
  /** px */
  width: number
  height: number
}

/** A picture: a whole image, or a tile of a grid; its pixels are not copied. */
export interface Picture {
  source: Source
  /** px, in the source */
  x: number
  y: number
  width: number
  height: number
  /** absent where it is not known */
  made?: Made
}

/** The pictures of an image; broken details leave one picture of which nothing is known but its size. */
export function picturesOf(source: Source, details: unknown): Picture[] {
  const { width, height } = source
  const known = isDetails(details, width, height) ? details.pictures : [{ x: 0, y: 0, width, height }]
  return known.map(({ parameters, ...place }) => ({
    source,
    ...place,
    ...(parameters && { made: { parameters, ...batchOf(parameters) } }),
  }))
}

export const isWhole = ({ source, width, height }: Picture): boolean =>
  width === source.width && height === source.height

function batchOf({ batch }: ImageParameters): Pick<Made, 'batch'> {
  return Number.isInteger(batch?.index) && Number.isInteger(batch?.count) ? { batch: batch! } : {}
}

export function createSource(output: string, bytes: Uint8Array): Source {
  const size = pngSize(bytes)
  const png = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'image/png' })
  return { output, png, url: URL.createObjectURL(png), ...size }
}

/** Details are read from a file, which anyone may have written. */
function isDetails(value: unknown, width: number, height: number): value is ImageDetails {
  const details = value as ImageDetails | undefined
  return details?.version === 1 && Array.isArray(details.pictures) && details.pictures.length > 0
    ? details.pictures.every(picture => isPlaced(picture, width, height))
    : false
}

function isPlaced(picture: PictureDetails | null, width: number, height: number): boolean {
  if (!picture) return false
  const { x, y, width: w, height: h, parameters } = picture
  if (![x, y, w, h].every(Number.isInteger) || x < 0 || y < 0 || w < 1 || h < 1) return false
  if (x + w > width || y + h > height) return false
  return parameters === undefined || typeof parameters?.prompt === 'string'
}
