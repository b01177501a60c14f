import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { InvalidOptionError } from '../../../src/pipeline/errors.js'
import { gridImage, shownAsGrid } from '../../../src/pipeline/image/grid.js'
import { Image } from '../../../src/pipeline/image/image.js'
import { pngTexts } from '../../../src/pipeline/image/png.js'
import { difference, filled, opened, shown } from './fixture.js'

const warnings: unknown[] = []
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(text => void warnings.push(text)))
afterEach(() => {
  vi.restoreAllMocks()
  warnings.length = 0
})

const red = filled(2, 2, [255, 0, 0])
const green = filled(2, 2, [0, 255, 0])
const blue = filled(2, 2, [0, 0, 255])

test('three pictures stand in one row', async () => {
  const grid = await gridImage([red, green, blue])
  expect([grid.width, grid.height]).toEqual([6, 2])
  expect([...grid.data.subarray(0, 18)]).toEqual([255, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255])
  expect(warnings).toEqual([])
})

test('one column turns three pictures into three rows, with a warning', async () => {
  const grid = await gridImage([red, green, blue], { rows: 1, cols: 1 })
  expect([grid.width, grid.height]).toEqual([2, 6])
  expect(warnings).toEqual(['Expected 1 images, but got 3. Adjusting grid layout.'])
})

test('too few pictures leave rows out and the rest of the last row black', async () => {
  const grid = await gridImage([red, green, blue], { rows: 3, cols: 2 })
  expect([grid.width, grid.height]).toEqual([4, 4])
  expect([...grid.data.subarray(2 * 4 * 3, 3 * 4 * 3)]).toEqual([0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0])
  expect(warnings).toEqual(['Expected 6 images, but got 3. Adjusting grid layout.'])
})

test('cells are the first picture scaled, cut to whole pixels: 0.75 of 3 is 2', async () => {
  const grid = await gridImage([filled(3, 5, [9, 9, 9])], { cols: 1, scale: 0.75 })
  expect([grid.width, grid.height]).toEqual([2, 3])
})

test('pictures of several sizes give Pillow’s grid, byte for byte', async () => {
  const cells = await Promise.all([0, 1, 2, 3].map(i => opened(`cell-${i}.png`)))
  const wide = await gridImage(cells, { rows: 2, cols: 3, scale: 0.77 })
  expect(difference(wide, await opened('grid-2x3-0.77.png'))).toEqual({ bytes: 0, most: 0 })
  const tall = await gridImage(cells, { rows: 1, cols: 1, scale: 0.5 })
  expect(difference(tall, await opened('grid-1x1-0.5.png'))).toEqual({ bytes: 0, most: 0 })
})

describe('a grid keeps what each tile is', () => {
  const made = (seed: number) => ({ prompt: 'a cat', seed })
  const [one, two, three] = [1, 2, 3].map(seed => new Image(red.data, 2, 2, made(seed)))

  test('its place and how it was made, each with its own seed', async () => {
    const grid = await gridImage([one, two, three], { rows: 2, cols: 2, scale: 1.5 })
    const tiles = [
      { x: 0, y: 0, width: 3, height: 3, parameters: made(1) },
      { x: 3, y: 0, width: 3, height: 3, parameters: made(2) },
      { x: 0, y: 3, width: 3, height: 3, parameters: made(3) },
    ]
    expect((await shown(grid))['application/vnd.sdnb.image+json']).toEqual({
      ...{ version: 1, width: 6, height: 6 },
      pictures: tiles,
    })
  })

  test('its PNG tells of none', async () => {
    const png = await (await gridImage([one, two, three])).toPNG()
    expect(pngTexts(png)).toEqual({})
  })

  test('and where it is resized, or a tile of another grid', async () => {
    const places = ({ tiles }: Image) => tiles!.map(({ x, y, width, height }) => [x, y, width, height])
    const row = await gridImage([one, two, three])
    expect(places(await row.resize(4, 1))).toEqual([
      [0, 0, 1, 1],
      [1, 0, 2, 1],
      [3, 0, 1, 1],
    ])
    const column = await gridImage([row, row], { rows: 2, cols: 1 })
    expect(places(column).slice(2, 4)).toEqual([
      [4, 0, 2, 2],
      [0, 2, 2, 2],
    ])
    expect(column.tiles!.map(({ parameters }) => parameters?.seed)).toEqual([1, 2, 3, 1, 2, 3])
  })
})

describe('a list that is shown as a grid', () => {
  const sizeOf = async (images: Image[]) => (await shown(shownAsGrid(images, images)))['text/plain']

  test('has at most four columns, and says nothing of empty cells', async () => {
    expect(await sizeOf([red, green, blue])).toBe('Image 6×2')
    expect(await sizeOf([red, green, blue, red, green])).toBe('Image 8×4')
    expect(warnings).toEqual([])
  })

  test('of one is that picture, with its parameters in the PNG', async () => {
    const image = new Image(red.data, 2, 2, { prompt: 'a cat' })
    const bundle = await shown(shownAsGrid({}, [image]))
    expect(Object.keys(pngTexts(bundle['image/png']))).toEqual(['parameters'])
  })

  test('looks and is copied like any other', () => {
    const images = shownAsGrid([red], [red])
    expect(inspect(images)).toBe('[ Image 2×2 ]')
    expect(Symbol.for('Jupyter.display') in { ...shownAsGrid({ images }, images) }).toBe(false)
  })
})

test.each([
  [[], {}, 'a grid needs at least one image, got none'],
  [[red], { rows: 0 }, 'rows must be a whole number, at least 1, got 0'],
  [[red], { cols: 1.5 }, 'cols must be a whole number, at least 1, got 1.5'],
  [[red], { scale: 0 }, 'scale must leave at least one pixel of 2×2, got 0'],
  [[red], { scale: 0.4 }, 'scale must leave at least one pixel of 2×2, got 0.4'],
  [[red], { scale: Infinity }, 'scale must leave at least one pixel of 2×2, got Infinity'],
  [[red], { scale: Number.NaN }, 'scale must leave at least one pixel of 2×2, got NaN'],
])('refused: %#', async (images, options, message) =>
  expect(gridImage(images, options)).rejects.toThrow(new InvalidOptionError(message)),
)
