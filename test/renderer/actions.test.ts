import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { withParameters } from '../../src/extension/pictures/pngText.js'
import { gridImage, Image } from '../../src/pipeline/index.js'
import type { SavePicture } from '../../src/protocol/rendererMessages.js'
import { browserPath, launchBrowser } from '../browser.js'
import { type NotebookPage, openNotebookPage, type PageOptions } from './notebookPage.js'
import { type Bundle, bundleOf, gridOf, madeOf, painted, red } from './pictures.js'

let browser: Browser
let notebook: NotebookPage
beforeAll(async () => {
  if (browserPath) browser = await launchBrowser()
})
afterEach(() => notebook?.close())
afterAll(() => browser?.close())

async function shown({ png, details }: Bundle, options?: PageOptions) {
  notebook = await openNotebookPage(browser, options)
  await notebook.picture('a', png, details)
  return notebook.page
}
const press = (name: string) => notebook.page.locator('#a').getByRole('button', { name, exact: true }).click()

/** The viewer's buttons stand in the place of the picture's. */
async function openTile(index: number) {
  await notebook.page.locator('.sdnb-tile').nth(index).click()
  await notebook.page.getByRole('dialog').waitFor()
}

async function sent() {
  await expect.poll(() => notebook.page.evaluate('notebook.hasSent()')).toBe(true)
  const messages = await notebook.sent()
  expect(messages).toHaveLength(1)
  return messages[0]
}

async function opened(bytes: Uint8Array): Promise<Image> {
  const file = join(mkdtempSync(join(tmpdir(), 'sdnb-saved-')), 'a.png')
  writeFileSync(file, bytes)
  return Image.open(file)
}

describe.skipIf(!browserPath)('what can be done with a picture', () => {
  test('a single picture is saved byte for byte', async () => {
    const bundle = await bundleOf(painted(red, 128, 96, madeOf(7)))
    await shown(bundle)
    await press('Save as PNG')
    expect(await sent()).toEqual({ type: 'save', name: 'a-red-car-7', png: Buffer.from(bundle.png).toString('base64') })
  })

  test('a tile is saved as its own pixels, and how it was made', async () => {
    await shown(await gridOf())
    await openTile(1)
    await press('Save as PNG')
    const { png, parameters, name } = (await sent()) as SavePicture
    expect([name, parameters]).toEqual(['a-red-car-8', madeOf(8)])
    const saved = await opened(withParameters(Buffer.from(png, 'base64'), parameters!))
    const green = painted([0, 255, 0], 128, 96)
    expect([saved.width, saved.height, saved.parameters]).toEqual([128, 96, madeOf(8)])
    expect(Buffer.compare(saved.data, green.data)).toBe(0)
  })

  test('a grid is saved as it is', async () => {
    const bundle = await gridOf()
    await shown(bundle)
    await press('Save as PNG')
    expect(await sent()).toEqual({ type: 'save', name: '', png: Buffer.from(bundle.png).toString('base64') })
  })

  test('a tile is copied', async () => {
    const page = await shown(await gridOf())
    await openTile(2)
    await press('Copy picture')
    await expect.poll(() => page.getByRole('dialog').getByRole('status').innerText()).toBe('Picture copied')
    const copied = await page.evaluate(`(async () => {
      const [item] = await navigator.clipboard.read()
      const bitmap = await createImageBitmap(await item.getType('image/png'))
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
      canvas.getContext('2d').drawImage(bitmap, 0, 0)
      return [bitmap.width, bitmap.height, ...canvas.getContext('2d').getImageData(64, 0, 1, 1).data]
    })()`)
    expect(copied).toEqual([128, 96, 0, 0, 255, 255])
  })

  test.each([
    ['Copy settings as code', 'copyCode'],
    ['Again with this seed', 'again'],
    ['Vary: the same with a fresh seed', 'vary'],
  ])('%s: the extension is told how it was made', async (name, type) => {
    const seed = '18446744073709551615'
    await shown(await bundleOf(painted(red, 128, 96, madeOf(seed))))
    await press(name)
    expect(await sent()).toEqual({ type, output: 'a', made: { parameters: madeOf(seed) } })
  })

  test('where no seed is known there is no “again with this seed”', async () => {
    const { seed: _, ...made } = madeOf(7)
    const page = await shown(await bundleOf(painted(red, 128, 96, made)))
    expect(await page.getByRole('button', { name: 'Again with this seed' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Vary' }).count()).toBe(1)
  })

  test('of pictures that one generator drew, the place is told', async () => {
    const made = [0, 1].map(index => ({ ...madeOf(7), batch: { index, count: 2 } }))
    const drawn = made.map(each => painted(red, 128, 96, each))
    const page = await shown(await bundleOf(await gridImage(drawn, { rows: 1, cols: 2 })))
    await openTile(1)
    expect(await page.getByRole('dialog').locator('dd').first().innerText()).toBe('7 (2 of 2)')
    await press('Again with this seed')
    expect(await sent()).toMatchObject({ made: { parameters: made[1], batch: { index: 1, count: 2 } } })
  })

  test('where the workspace is not trusted nothing is run', async () => {
    const page = await shown(await bundleOf(painted(red, 128, 96, madeOf(7))), { isTrusted: false })
    const names = await page
      .getByRole('button')
      .evaluateAll(all => all.map(each => (each as never as Element).ariaLabel))
    expect(names.slice(1)).toEqual([
      ...['Copy picture', 'Save as PNG', 'Copy settings as code', 'Compare with another picture'],
    ])
  })

  test('without the extension a picture can be copied and compared', async () => {
    const page = await shown(await bundleOf(painted(red, 128, 96, madeOf(7))), { hasMessages: false })
    const names = await page
      .getByRole('button')
      .evaluateAll(all => all.map(each => (each as never as Element).ariaLabel))
    expect(names.slice(1)).toEqual(['Copy picture', 'Compare with another picture'])
  })
})

interface Element {
  ariaLabel: string
}
