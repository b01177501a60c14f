import { type Tensor, tensor } from '../tensor.js'

/** Of a tile, this part is shared with the next one. */
const overlap = 0.25

/**
 * What a network makes of a picture too large for it: of square tiles that overlap, each blended into the one before it.
 * @param input [1, channels, height, width]
 * @param tileSize side of a tile of the input
 * @param scale side of the output : side of the input
 * @param run a tile, or less of one at the right and lower edges; those of one size come one after another
 * @see diffusers `AutoencoderKL.tiled_decode`, `_tiled_encode`
 */
export async function tiled(
  input: Tensor,
  tileSize: number,
  scale: number,
  run: (tile: Tensor) => Promise<Tensor>,
): Promise<Tensor> {
  const [, , height, width] = input.dims
  const between = Math.floor(tileSize * (1 - overlap))
  const starts = (length: number) => Array.from({ length: Math.ceil(length / between) }, (_, i) => i * between)
  const places = starts(height).flatMap((top, row) => starts(width).map((left, column) => ({ row, column, top, left })))
  const size = (place: (typeof places)[number]) =>
    [Math.min(tileSize, height - place.top), Math.min(tileSize, width - place.left)] as const
  const rows: Tensor[][] = starts(height).map(() => [])
  for (const place of places.toSorted((a, b) => size(b)[0] - size(a)[0] || size(b)[1] - size(a)[1]))
    rows[place.row][place.column] = await run(cut(input, place.top, place.left, ...size(place)))

  const side = tileSize * scale
  const blended = Math.floor(side * overlap)
  const kept = side - blended
  for (const [row, tiles] of rows.entries()) {
    for (const [column, tile] of tiles.entries()) {
      if (row > 0) blend(rows[row - 1][column], tile, 2, blended)
      if (column > 0) blend(tiles[column - 1], tile, 3, blended)
    }
  }
  return joined(rows.map(tiles => tiles.map(tile => cut(tile, 0, 0, kept, kept))))
}

/** Of an image, [1, channels, height, width], at most so many rows and columns. */
function cut(
  { dims: [, channels, height, width], data }: Tensor,
  top: number,
  left: number,
  rows: number,
  columns: number,
) {
  const [bottom, right] = [Math.min(top + rows, height), Math.min(left + columns, width)]
  const part = tensor(new Float32Array(channels * (bottom - top) * (right - left)), [
    1,
    channels,
    bottom - top,
    right - left,
  ])
  let at = 0
  for (let channel = 0; channel < channels; channel++) {
    for (let y = top; y < bottom; y++) {
      const line = (channel * height + y) * width
      part.data.set(data.subarray(line + left, line + right), at)
      at += right - left
    }
  }
  return part
}

/** The first rows (axis 2) or columns (axis 3) of `tile` begin as the last ones of the tile before it, and become its own evenly. */
function blend(before: Tensor, tile: Tensor, axis: 2 | 3, most: number): void {
  const extent = Math.min(before.dims[axis], tile.dims[axis], most)
  const [, channels, height, width] = tile.dims
  const [rows, columns] = axis === 2 ? [extent, width] : [height, extent]
  const [down, right] = axis === 2 ? [before.dims[2] - extent, 0] : [0, before.dims[3] - extent]
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const own = (axis === 2 ? y : x) / extent
        const to = (channel * height + y) * width + x
        const from = (channel * before.dims[2] + y + down) * before.dims[3] + x + right
        tile.data[to] = before.data[from] * (1 - own) + tile.data[to] * own
      }
    }
  }
}

/** Images of a grid become one. */
function joined(grid: Tensor[][]): Tensor {
  const channels = grid[0][0].dims[1]
  const height = grid.reduce((sum, [first]) => sum + first.dims[2], 0)
  const width = grid[0].reduce((sum, { dims }) => sum + dims[3], 0)
  const whole = tensor(new Float32Array(channels * height * width), [1, channels, height, width])
  let top = 0
  for (const tiles of grid) {
    let left = 0
    for (const { dims, data } of tiles) {
      const [, , rows, columns] = dims
      for (let line = 0; line < channels * rows; line++) {
        const to = (Math.floor(line / rows) * height + top + (line % rows)) * width + left
        whole.data.set(data.subarray(line * columns, (line + 1) * columns), to)
      }
      left += columns
    }
    top += tiles[0].dims[2]
  }
  return whole
}
