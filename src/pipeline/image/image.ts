import { readFile, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { inspect } from 'node:util'
import { InvalidOptionError } from '../errors.js'
import { gaussianBlur } from './blur.js'
import { type ImageBundle, imageBundle } from './bundle.js'
import { formatParameters, type ImageParameters, parseParameters } from './parameters.js'
import { encodePng, pngTexts } from './png.js'
import { resizeLanczos } from './resize.js'

/** A part of an image that is a picture by itself. */
export interface Tile {
  /** px, from the image's upper left corner */
  x: number
  y: number
  /** px */
  width: number
  height: number
  /** how it was made */
  parameters?: ImageParameters
}

/** A picture in memory. A notebook shows it as PNG. */
export class Image {
  /** RGB, [height, width, 3], 0–255 */
  readonly data: Uint8Array
  /** px */
  readonly width: number
  readonly height: number
  /** how it was made; written into its PNG */
  parameters?: ImageParameters
  /** of a grid, the pictures it shows; a notebook tells how each was made */
  tiles?: readonly Tile[]

  /** @throws InvalidOptionError where `data` does not hold `width · height · 3` bytes */
  constructor(data: Uint8Array, width: number, height: number, parameters?: ImageParameters) {
    checkSize('width', width)
    checkSize('height', height)
    if (!(data instanceof Uint8Array) || data.length !== width * height * 3)
      throw new InvalidOptionError(
        `an image of ${width}×${height} is a Uint8Array of ${width * height * 3} bytes (RGB), got ${
          data instanceof Uint8Array ? `${data.length} bytes` : typeof data
        }`,
      )
    this.data = data
    this.width = width
    this.height = height
    if (parameters) this.parameters = parameters
  }

  /**
   * Any format sharp reads, turned as its EXIF orientation says, alpha dropped; `parameters` from a PNG's text.
   * @throws InvalidOptionError where there is no file or no image in it
   */
  static async open(path: string): Promise<Image> {
    const file = await readFile(path).catch(error => {
      throw new InvalidOptionError(`expected an image file ${path}: ${error.message}`, { cause: error })
    })
    const { default: sharp } = await import('sharp')
    const { data, info } = await sharp(file)
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
      .catch(error => {
        throw new InvalidOptionError(`${path}: expected an image: ${error.message}`, { cause: error })
      })
    const text = pngTexts(file).parameters
    const pixels =
      info.channels === 3
        ? new Uint8Array(data)
        : Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)])
    return new Image(pixels, info.width, info.height, text === undefined ? undefined : parseParameters(text))
  }

  /** PNG bytes, with a `parameters` text where the image has `parameters`. */
  async toPNG(): Promise<Uint8Array> {
    const { width, height, data, parameters } = this
    return encodePng(width, height, data, parameters && { parameters: formatParameters(parameters) })
  }

  /**
   * Writes a file in the format of its extension: .png, with `parameters`, or .jpg, .jpeg, .webp, .avif, .tif, .tiff, .gif.
   * @throws InvalidOptionError for any other extension
   */
  async save(path: string): Promise<void> {
    const extension = extname(path).toLowerCase()
    if (extension === '.png') return writeFile(path, await this.toPNG())
    const format = formats[extension]
    if (!format)
      throw new InvalidOptionError(
        `${path}: expected an extension .png, ${Object.keys(formats).join(', ')}, got "${extension}"`,
      )
    const { default: sharp } = await import('sharp')
    const raw = { width: this.width, height: this.height, channels: 3 } as const
    await writeFile(path, await sharp(this.data, { raw }).toFormat(format).toBuffer())
  }

  /** A new image of exactly this size (px), LANCZOS, byte for byte as Pillow's. */
  async resize(width: number, height: number): Promise<Image> {
    checkSize('width', width)
    checkSize('height', height)
    const data = resizeLanczos(this.data, this.width, this.height, width, height)
    const resized = new Image(data, width, height, this.parameters)
    if (this.tiles) resized.tiles = this.tiles.map(tile => scaled(tile, width / this.width, height / this.height))
    return resized
  }

  /**
   * A new image, blurred by a Gaussian of this standard deviation (px), byte for byte as Pillow's `GaussianBlur`: for a mask whose
   * edge is not to be seen (diffusers' `VaeImageProcessor.blur`).
   */
  async blur(radius: number): Promise<Image> {
    if (!Number.isFinite(radius) || radius < 0)
      throw new InvalidOptionError(`radius must be a number of pixels from 0 up, got ${String(radius)}`)
    return new Image(gaussianBlur(this.data, this.width, this.height, radius), this.width, this.height)
  }

  [Symbol.for('Jupyter.display')](): Promise<ImageBundle> {
    return imageBundle(this)
  }

  [inspect.custom](): string {
    return `Image ${this.width}×${this.height}`
  }
}

const formats: Record<string, 'jpeg' | 'webp' | 'avif' | 'tiff' | 'gif'> = {
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
  '.avif': 'avif',
  '.tif': 'tiff',
  '.tiff': 'tiff',
  '.gif': 'gif',
}

/** Tiles that touch still touch afterwards. */
function scaled({ x, y, width, height, ...rest }: Tile, horizontal: number, vertical: number): Tile {
  const [left, top] = [Math.round(x * horizontal), Math.round(y * vertical)]
  const [right, bottom] = [Math.round((x + width) * horizontal), Math.round((y + height) * vertical)]
  return { x: left, y: top, width: right - left, height: bottom - top, ...rest }
}

function checkSize(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidOptionError(`${name} must be a whole number of pixels, at least 1, got ${String(value)}`)
}
