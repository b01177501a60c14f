import { elementCount } from '../tensor.js'
import { changesWeight } from './adapters.js'
import type { Value } from './graph.js'
import type { ConvOptions, Layers } from './layers.js'
import type { WeightPath } from './weightPath.js'

/**
 * torch.nn.Conv2d, 3×3, stride 1, padding 1, by Winograd's minimal filtering F(m×m, 3×3): m×m results cost (m + 2)² products in place of 9m².
 * The sums are others: in float32 a result differs by some 1e-5 of the largest one where m is 4. Tiles and results are transformed by convolutions
 * of one channel, weights by a product as it runs: they stay where and as torch stores them.
 * @param x [batch, in, height, width]
 * @param bias [channels, 1, 1]
 * @see Lavin and Gray 2016
 */
export function conv3x3Winograd(
  g: Layers,
  x: Value,
  p: WeightPath,
  channels: number,
  bias: Value | undefined,
  m: TileSide,
): Value {
  const y = inParts(g, x, p, channels, m)
  return bias ? g.add(y, bias) : y
}

/** The larger of tiles and filters passes in parts. Each waits for what was made before it: else onnxruntime makes all of them first. */
function inParts(g: Layers, x: Value, p: WeightPath, channels: number, m: TileSide): Value {
  const [batch, inputs, height, width] = x.shape
  const shape = [channels, inputs, 3, 3]
  const places = (m + 2) ** 2
  const tileRows = Math.ceil(height / m)
  const row = batch * Math.max(inputs, channels) * Math.ceil(width / m)
  const transform = constants(g, m)
  const start = zeroAfter(g, x)
  let made: Value | undefined
  const zero = () => (made ? zeroAfter(g, made) : start)
  if (tileRows * row > channels * inputs) {
    const filters = transformedWeight(g, p, shape, [0, channels], transform.weight, zero())
    const strips = equalParts(tileRows, mostNumbers / (places * row)).map(([from, to]) => {
      const rows: Range = [m * from, Math.min(height, m * to)]
      const tiles = transformedTiles(g, x, m, rows, transform.tile, zero())
      made = result(g, g.matMul(filters, tiles), [batch, channels, rows[1] - rows[0], width], transform.result)
      return made
    })
    return g.concat(strips, 2)
  }
  const tiles = transformedTiles(g, x, m, [0, height], transform.tile, zero())
  const isWhole = changesWeight(g, p, shape)
  const parts = equalParts(channels, isWhole ? channels : mostNumbers / (places * inputs)).map(part => {
    const filters = transformedWeight(g, p, shape, part, transform.weight, zero())
    made = result(g, g.matMul(filters, tiles), [batch, part[1] - part[0], height, width], transform.result)
    return made
  })
  return g.concat(parts, 1)
}

/**
 * The side of tiles of which there are enough for the weights' transform to pay, or undefined: where none is, where channels are too few, and where
 * the device has a library that chooses by itself.
 */
export function winogradTile(
  g: Layers,
  x: Value,
  channels: number,
  { kernel = 3, stride = 1, padding = 1 }: ConvOptions,
): TileSide | undefined {
  const [batch, inputs, height, width] = x.shape
  if (g.options.provider !== 'cpu' || kernel !== 3 || stride !== 1 || padding !== 1) return undefined
  if (Math.min(inputs, channels) < 128) return undefined
  return tileSides.find(m => batch * Math.ceil(height / m) * Math.ceil(width / m) >= 64)
}

type Range = readonly [from: number, to: number]

/** Of tiles, filters and products that exist at once, each: 16 MB, which caches hold. */
const mostNumbers = 2 ** 22

const tileSides = [4, 2] as const
export type TileSide = (typeof tileSides)[number]

/** What tiles, weights and results are multiplied by from both sides. */
const transforms: Record<TileSide, { tile: number[][]; weight: number[][]; result: number[][] }> = {
  2: {
    tile: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, 1, 0, -1],
    ],
    weight: [
      [1, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [1 / 2, -1 / 2, 1 / 2],
      [0, 0, 1],
    ],
    result: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
  },
  4: {
    tile: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    weight: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    result: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, -1, 8, -8, 1],
    ],
  },
}

/** Each transform as its operator takes it: a filter for each place of a tile, a left factor, a filter for each place that is undone. */
function constants(g: Layers, m: TileSide): Record<'tile' | 'weight' | 'result', Value> {
  const { tile, weight, result } = transforms[m]
  const side = m + 2
  return {
    tile: g.graph.constant('float32', bothSides(tile), [side * side, 1, side, side]),
    weight: g.graph.constant('float32', bothSides(weight), [side * side, 9]),
    result: g.graph.constant('float32', bothSides(transposed(result)), [side * side, 1, m, m]),
  }
}

/** Kronecker's square of a matrix: both sides at once, [rows², columns²]. */
function bothSides(matrix: readonly number[][]): number[] {
  return matrix.flatMap(a => matrix.flatMap(b => a.flatMap(left => b.map(right => left * right))))
}

function transposed(matrix: number[][]): number[][] {
  return matrix[0].map((_, column) => matrix.map(row => row[column]))
}

/** @param shape [channels, in, 3, 3] @returns of channels `part`, [(m + 2)², channels, in] */
function transformedWeight(
  g: Layers,
  p: WeightPath,
  shape: readonly number[],
  part: Range,
  transform: Value,
  zero: Value,
): Value {
  const [channels, inputs] = shape
  const count = part[1] - part[0]
  const weight = g.weight(p, 'weight', shape, count === channels ? undefined : part, [count * inputs, 9])
  return g.reshape(g.product(waiting(g, transform, zero), weight), [transform.shape[0], count, inputs])
}

/** Written after what it is taken with: onnxruntime runs first what was written last, and so makes that no sooner. */
function waiting(g: Layers, constant: Value, zero: Value): Value {
  return g.add(constant, zero)
}

/** 0 that is there only after a value is: what is made of constants alone onnxruntime makes, and holds, before all else. */
function zeroAfter(g: Layers, value: Value): Value {
  return g.scale(g.slice(g.reshape(value, [elementCount(value.shape)]), 0, 0, 1), 0)
}

/** The parts of 0 … length, each of the most numbers that divide it: onnxruntime keeps memory for every other shape. */
function equalParts(length: number, most: number): Range[] {
  let size = Math.max(1, Math.min(length, Math.floor(most)))
  while (length % size !== 0) size--
  return Array.from({ length: length / size }, (_, i) => [i * size, (i + 1) * size])
}

/** What rows of the result are made of. @returns [(m + 2)², in, batch · tiles] */
function transformedTiles(g: Layers, x: Value, m: TileSide, [from, to]: Range, transform: Value, zero: Value): Value {
  const [batch, inputs, height, width] = x.shape
  const [places, , side] = transform.shape
  const [rows, columns] = [Math.ceil((to - from) / m), Math.ceil(width / m)]
  const [above, below] = [Math.max(0, from - 1), Math.min(height, to + 1)]
  const seen = g.reshape(g.slice(x, 2, above, below), [batch * inputs, 1, below - above, width])
  const pads = [above - (from - 1), 1, from + m * rows + 1 - below, m * columns + 1 - width]
  const attributes = { kernel_shape: [side, side], strides: [m, m], pads }
  const tiles = g.node('Conv', [seen, waiting(g, transform, zero)], [batch * inputs, places, rows, columns], {
    attributes,
  })
  const split = g.reshape(tiles, [batch, inputs, places, rows * columns])
  return g.reshape(g.transpose(split, [2, 1, 0, 3]), [places, inputs, batch * rows * columns])
}

/** @param products [(m + 2)², channels, batch · tiles] @param shape [batch, channels, height, width] */
function result(g: Layers, products: Value, shape: readonly number[], transform: Value): Value {
  const [batch, channels, height, width] = shape
  const [places, , m] = transform.shape
  const [rows, columns] = [Math.ceil(height / m), Math.ceil(width / m)]
  const split = g.transpose(g.reshape(products, [places, channels, batch, rows * columns]), [2, 1, 0, 3])
  const tiles = g.reshape(split, [batch * channels, places, rows, columns])
  const pads = [0, 0, m * rows - height, m * columns - width]
  const attributes = { kernel_shape: [m, m], strides: [m, m], pads }
  return g.reshape(
    g.node('ConvTranspose', [tiles, transform], [batch * channels, 1, height, width], { attributes }),
    shape,
  )
}
