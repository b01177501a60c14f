import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { browserPath, launchBrowser } from '../browser.js'
import { cellsOf, collected, type Ended, printed, root } from '../cli/sdnb.js'

const out = (extension: string) =>
  join(root, 'out', `${extension === 'png' ? 'grid' : '01-install-load-generate-grid'}.${extension}`)

let run: Ended
let seconds: number
beforeAll(async () => {
  const begin = performance.now()
  run = await collected(
    spawn(process.execPath, ['tools/quickstart.mjs'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
  seconds = (performance.now() - begin) / 1000
  if (run.code !== 0) console.error(run.stdout, run.stderr)
}, 180_000)

test('it ends well, and tells the device and where the files are', () => {
  expect(run.code).toBe(0)
  expect(run.stderr).toMatch(/^Ran on (cpu|cuda|webgpu|dml|coreml), [\d.]+ s$/m)
  for (const extension of ['sdnb', 'html', 'png']) expect(run.stderr).toContain(`${relative(root, out(extension))}\n`)
  console.info(`quickstart: ${seconds.toFixed(1)} s`)
})

test('progress is told while it denoises, in few lines', () => {
  const lines = run.stderr.split('\n').filter(line => /^Denoising: \d+ %/.test(line))
  expect(lines.length).toBeGreaterThanOrEqual(5)
  expect(lines.length).toBeLessThanOrEqual(10)
})

test('every cell has run, the grid’s warning and the table are there', () => {
  const cells = cellsOf(out('sdnb'))
  expect(cells.map(cell => cell.execution_count)).toEqual(cells.map((_, i) => i + 1))
  const text = JSON.stringify(cells.map(cell => cell.outputs))
  expect(text).toContain('Expected 1 images, but got 3. Adjusting grid layout.')
  expect(text).toMatch(/128 × 128 \| sdnb\/tiny \| PLMS, 50 steps \| \d+/)
  expect(
    cells.filter(cell => printed(cell).includes('added 1 package') || printed(cell).includes('up to date')),
  ).toHaveLength(1)
})

interface Pixels {
  data: Buffer
  width: number
  height: number
}

async function pixels(source: string | Buffer): Promise<Pixels> {
  const { data, info } = await sharp(source).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** Spread of brightness, and mean saturation, of a region; both 0–255. */
function look({ data, width }: Pixels, left: number, top: number, w: number, h: number) {
  let sum = 0
  let squares = 0
  let saturation = 0
  for (let y = top; y < top + h; y++) {
    for (let x = left; x < left + w; x++) {
      const rgb = data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)
      const brightness = (rgb[0] + rgb[1] + rgb[2]) / 3
      sum += brightness
      squares += brightness ** 2
      saturation += Math.max(...rgb) - Math.min(...rgb)
    }
  }
  const count = w * h
  return { spread: Math.sqrt(squares / count - (sum / count) ** 2), saturation: saturation / count }
}

/** Mean absolute difference of two equally large regions. */
function difference({ data, width }: Pixels, [ax, ay]: number[], [bx, by]: number[], size: number): number {
  let sum = 0
  for (let y = 0; y < size; y++)
    for (let i = 0; i < 3 * size; i++)
      sum += Math.abs(data[3 * ((ay + y) * width + ax) + i] - data[3 * ((by + y) * width + bx) + i])
  return sum / (3 * size * size)
}

test('the grid is three pictures side by side, none flat, no two alike', async () => {
  const grid = await pixels(out('png'))
  expect([grid.width, grid.height]).toEqual([288, 96])
  for (const left of [0, 96, 192]) {
    const { spread, saturation } = look(grid, left, 0, 96, 96)
    expect(spread).toBeGreaterThan(20)
    expect(saturation).toBeGreaterThan(15)
    // A car in a scene: the middle, where the car stands, has edges that noise-free sky has not.
    expect(look(grid, left + 16, 32, 64, 56).spread).toBeGreaterThan(15)
  }
  for (const [a, b] of [
    [0, 96],
    [0, 192],
    [96, 192],
  ])
    expect(difference(grid, [a, 0], [b, 0], 96)).toBeGreaterThan(8)
})

test('the article’s own call makes a column of the same pictures', async () => {
  const cell = cellsOf(out('sdnb')).find(cell => cell.id === 'grid')
  const [png] = cell!.outputs.flatMap(output => ('data' in output ? [output.data['image/png']] : [])).filter(Boolean)
  const column = await pixels(Buffer.from([png].flat().join(''), 'base64'))
  expect([column.width, column.height]).toEqual([96, 288])
  const row = await pixels(out('png'))
  const third = (image: Pixels, left: number, top: number) =>
    Buffer.concat(
      Array.from({ length: 96 }, (_, y) =>
        image.data.subarray(3 * ((top + y) * image.width + left), 3 * ((top + y) * image.width + left + 96)),
      ),
    )
  for (const i of [0, 1, 2]) expect(third(column, 0, 96 * i).equals(third(row, 96 * i, 0))).toBe(true)
})

test.skipIf(!browserPath)('a browser shows the page with every picture in its size', async () => {
  const browser = await launchBrowser()
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } })
  const problems: string[] = []
  page.on('pageerror', error => problems.push(error.message))
  page.on('console', message => problems.push(message.text()))
  page.on('request', request => /^(file|data):/.test(request.url()) || problems.push(request.url()))
  await page.goto(pathToFileURL(out('html')).href)
  expect(await page.evaluate('[...document.images].map(i => [i.complete, i.naturalWidth, i.naturalHeight])')).toEqual([
    [true, 96, 288],
    [true, 288, 96],
  ])
  expect(await page.title()).toBe('Install, load, generate, show')
  expect(await page.locator('section.code').count()).toBe(cellsOf(out('sdnb')).length)

  const row = page.locator('figure img').last()
  expect(await row.boundingBox()).toMatchObject({ width: 288, height: 96 })
  const shot = await pixels(await row.screenshot())
  for (const left of [0, 96, 192]) expect(look(shot, left, 0, 96, 96).spread).toBeGreaterThan(20)

  mkdirSync(join(root, 'out'), { recursive: true })
  const whole = await pixels(await page.screenshot({ path: join(root, 'out', 'quickstart-page.png'), fullPage: true }))
  expect(whole.height).toBeGreaterThan(1500)
  expect(look(whole, 0, 0, whole.width, whole.height).spread).toBeGreaterThan(5)
  expect(problems).toEqual([])
  await browser.close()
})

test('the committed notebook has no outputs, and what it installs is not the project’s', () => {
  const cells = cellsOf(root, 'notebooks/01-install-load-generate-grid.sdnb')
  expect(cells.every(cell => cell.execution_count === null && cell.outputs.length === 0)).toBe(true)
  expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('markdown-table')
})
