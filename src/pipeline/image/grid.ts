import { inspect } from 'node:util'
import { InvalidOptionError } from '../errors.js'
import { imageBundle } from './bundle.js'
import { Image, type Tile } from './image.js'

/**
 * Images beside one another, row by row, in cells of one size: `trunc(scale · width)` × `trunc(scale · height)` of the
 * first image, the others resized to it (LANCZOS). Cells left over are black. When there are not `rows · cols` images it
 * warns, and takes as many rows as they need. The grid's `tiles` keep how each was made; its PNG tells of none.
 * @throws InvalidOptionError without images, for `rows` or `cols` below 1, for a `scale` that leaves no pixel
 */
export async function gridImage(
  images: readonly Image[],
  { rows = 1, cols = 3, scale = 1 }: { rows?: number; cols?: number; scale?: number } = {},
): Promise<Image> {
  if (!Array.isArray(images) || images.length === 0)
    throw new InvalidOptionError('a grid needs at least one image, got none')
  for (const [name, value] of Object.entries({ rows, cols })) {
    if (!Number.isInteger(value) || value < 1)
      throw new InvalidOptionError(`${name} must be a whole number, at least 1, got ${String(value)}`)
  }
  const width = Math.trunc(scale * images[0].width)
  const height = Math.trunc(scale * images[0].height)
  if (!(width >= 1 && height >= 1 && Number.isFinite(scale)))
    throw new InvalidOptionError(
      `scale must leave at least one pixel of ${images[0].width}×${images[0].height}, got ${String(scale)}`,
    )
  if (images.length !== rows * cols)
    console.warn(`Expected ${rows * cols} images, but got ${images.length}. Adjusting grid layout.`)
  return arranged(images, cols, width, height)
}

/** Makes a notebook show `target` as these images, at most four beside one another. */
export function shownAsGrid<T extends object>(target: T, images: readonly Image[]): T {
  const bundle = async () => {
    const [first, second] = images
    if (!first) return { 'text/plain': inspect(target) }
    return imageBundle(second ? await arranged(images, Math.min(images.length, 4), first.width, first.height) : first)
  }
  // not enumerable: nothing for those who print or copy the value
  return Object.defineProperty(target, Symbol.for('Jupyter.display'), { value: bundle })
}

async function arranged(images: readonly Image[], cols: number, width: number, height: number): Promise<Image> {
  const rows = Math.ceil(images.length / cols)
  const pixels = new Uint8Array(cols * width * rows * height * 3)
  const tiles: Tile[] = []
  for (const [i, image] of images.entries()) {
    const cell = await image.resize(width, height)
    const left = (i % cols) * width
    const top = Math.floor(i / cols) * height
    for (let y = 0; y < height; y++)
      pixels.set(cell.data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * cols * width + left) * 3)
    const { tiles: pictures, parameters } = cell
    if (pictures) tiles.push(...pictures.map(tile => ({ ...tile, x: left + tile.x, y: top + tile.y })))
    else tiles.push({ x: left, y: top, width, height, ...(parameters && { parameters }) })
  }
  const grid = new Image(pixels, cols * width, rows * height)
  grid.tiles = tiles
  return grid
}
