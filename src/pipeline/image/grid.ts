import { InvalidOptionError } from '../errors.js'
import { Image } from './image.js'

/**
 * Images beside one another, row by row, in cells of one size: `trunc(scale · width)` × `trunc(scale · height)` of the
 * first image, the others resized to it (LANCZOS). Cells left over are black. When there are not `rows · cols` images it
 * warns, and takes as many rows as they need.
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
  const usedRows = images.length === rows * cols ? rows : Math.ceil(images.length / cols)

  const grid = new Uint8Array(cols * width * usedRows * height * 3)
  for (const [i, image] of images.entries()) {
    const cell = await image.resize(width, height)
    const left = (i % cols) * width
    const top = Math.floor(i / cols) * height
    for (let y = 0; y < height; y++)
      grid.set(cell.data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * cols * width + left) * 3)
  }
  return new Image(grid, cols * width, usedRows * height)
}
