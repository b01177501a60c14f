import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Image } from '../../src/pipeline/index.js'
import { browserPath, launchBrowser } from '../browser.js'
import { type NotebookPage, openNotebookPage, type PageOptions } from './notebookPage.js'
import { bundleOf, gridOf, madeOf, painted, red } from './pictures.js'

let browser: Browser
let notebook: NotebookPage
beforeAll(async () => {
  if (browserPath) browser = await launchBrowser()
})
afterEach(() => notebook?.close())
afterAll(() => browser?.close())

async function open(options?: PageOptions) {
  notebook = await openNotebookPage(browser, options)
  return notebook
}

/** What is on the screen at the middle of an element. */
async function colourOf(element: Locator): Promise<number[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'sdnb-shot-')), 'shot.png')
  writeFileSync(file, await element.screenshot())
  const { data, width, height } = await Image.open(file)
  const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3
  return [...data.subarray(at, at + 3)]
}

const focused = () => notebook.page.evaluate('document.activeElement.ariaLabel ?? document.activeElement.className')
const showGrid = async (id = 'g', rows = 1) => {
  const { png, details } = await gridOf(rows)
  await notebook.picture(id, png, details)
  return notebook.page.locator(`#${id} .sdnb-tile`)
}

describe.skipIf(!browserPath)('pictures', () => {
  test('a grid is shown at natural size, each tile a button over its own pixels', async () => {
    const { page } = await open()
    const tiles = await showGrid()
    expect(await page.locator('#g img').boundingBox()).toMatchObject({ width: 384, height: 96 })
    expect(await tiles.count()).toBe(3)
    for (const [i, colour] of [
      [207, 0, 0],
      [0, 207, 0],
      [0, 0, 207],
    ].entries()) {
      expect(await tiles.nth(i).boundingBox()).toMatchObject({ width: 128, height: 96 })
      expect(await colourOf(tiles.nth(i))).toEqual(colour)
    }
  })

  test('it is never wider than the notebook, and keeps its shape', async () => {
    const { page } = await open({ width: 300 })
    await showGrid()
    const { width, height } = (await page.locator('#g img').boundingBox())!
    expect(width).toBeLessThan(240)
    expect(width / height).toBeCloseTo(4, 1)
  })

  test('it tells how it was made, and under the pointer of the tile there; nothing moves', async () => {
    const { page } = await open()
    const tiles = await showGrid()
    const words = page.locator('#g .sdnb-words')
    const before = await words.boundingBox()
    const size = async () => (await page.locator('#g').boundingBox())!.height
    const height = await size()
    expect(await words.innerText()).toBe(
      'a red car\n3 pictures  ·  25 steps  ·  guidance 7.5  ·  DPM++ 2M Karras  ·  128 × 96  ·  sdnb/tiny',
    )
    await tiles.nth(1).hover()
    expect(await words.innerText()).toBe(
      'a red car  —  without rain\nseed 8  ·  25 steps  ·  guidance 7.5  ·  DPM++ 2M Karras  ·  128 × 96  ·  sdnb/tiny',
    )
    expect([await words.boundingBox(), await size()]).toEqual([before, height])
  })

  test('everything has a role and a name', async () => {
    const { page } = await open()
    const tiles = await showGrid()
    expect(await tiles.nth(0).getAttribute('aria-label')).toMatch(/^Picture 1 of 3, a red car .* seed 7 /)
    expect(await page.getByRole('img').getAttribute('alt')).toBe('a red car')
    expect(await page.getByRole('toolbar', { name: 'Picture' }).count()).toBe(1)
    await tiles.nth(0).click()
    await page.getByRole('dialog', { name: 'Picture viewer' }).waitFor()
    const names = await page
      .getByRole('dialog')
      .getByRole('button')
      .evaluateAll(buttons => buttons.map(button => (button as unknown as { ariaLabel: string }).ariaLabel))
    expect(names).toEqual([
      ...[
        'Previous picture',
        'Next picture',
        'Zoom out',
        'Zoom in',
        'Fit',
        'Actual size',
        'Copy picture',
        'Save as PNG',
      ],
      ...['Copy settings as code', 'Again with this seed', 'Vary: the same with a fresh seed'],
      ...['Compare with another picture', 'Close'],
    ])
  })

  test('by keyboard: arrows between tiles, Enter opens, Esc closes and goes back; VS Code hears of none', async () => {
    const { page, keys } = await open()
    await showGrid('g')
    await page.keyboard.press('Tab')
    expect(await focused()).toMatch(/^Picture 1 of 3/)
    for (const [key, place] of [
      ['ArrowRight', 2],
      ['ArrowRight', 3],
      ['ArrowRight', 3],
      ['Home', 1],
      ['End', 3],
      ['ArrowLeft', 2],
    ] as const) {
      await page.keyboard.press(key)
      expect(await focused(), key).toMatch(new RegExp(`^Picture ${place} of 3`))
    }
    await page.keyboard.press('Enter')
    const viewer = page.getByRole('dialog')
    await viewer.waitFor()
    expect(await viewer.locator('.sdnb-place').innerText()).toBe('2 of 3')
    await page.keyboard.press('ArrowRight')
    expect(await viewer.locator('.sdnb-place').innerText()).toBe('3 of 3')
    await page.keyboard.press('Escape')
    expect(await viewer.count()).toBe(0)
    expect(await focused()).toMatch(/^Picture 3 of 3/)
    expect(await keys()).toEqual(['Tab'])
    // other keys are VS Code's
    await page.keyboard.press('Control+S')
    expect(await keys()).toEqual(['Control', 'S'])
  })

  test('by keyboard a picture is enlarged and moved in four directions; at fit arrows go to the others, Page keys always', async () => {
    const { page, keys } = await open()
    const tiles = await showGrid()
    await tiles.nth(1).click()
    const viewer = page.getByRole('dialog')
    const cut = viewer.locator('.sdnb-cut')
    const place = viewer.locator('.sdnb-place')
    await cut.waitFor()
    for (let i = 0; i < 5; i++) await page.keyboard.press('+')
    const at = async () => {
      const { x, y } = (await cut.boundingBox())!
      return [x, y]
    }
    const [x, y] = await at()
    for (const [key, dx, dy] of [
      ['ArrowRight', -48, 0],
      ['ArrowDown', -48, -48],
      ['ArrowLeft', 0, -48],
      ['ArrowUp', 0, 0],
    ] as const) {
      await page.keyboard.press(key)
      expect(await at(), key).toEqual([expect.closeTo(x + dx, 1), expect.closeTo(y + dy, 1)])
    }
    expect(await place.innerText()).toBe('2 of 3')
    await page.keyboard.press('PageDown')
    expect(await place.innerText()).toBe('3 of 3')
    await page.keyboard.press('PageUp')
    await page.keyboard.press('0')
    await page.keyboard.press('ArrowLeft')
    expect(await place.innerText()).toBe('1 of 3')
    expect(await keys()).toEqual([])
    expect(await viewer.getByRole('button', { name: 'Next picture' }).getAttribute('title')).toBe(
      'Next picture (Page Down)',
    )
  })

  test('arrows go up and down in a grid of rows', async () => {
    const { page } = await open()
    await showGrid('g', 3)
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toMatch(/^Picture 2 of 3/)
    await page.keyboard.press('ArrowUp')
    expect(await focused()).toMatch(/^Picture 1 of 3/)
  })

  test('the viewer shows one tile: fitted, at actual size, enlarged where the wheel turns, moved by dragging', async () => {
    const { page } = await open()
    const tiles = await showGrid()
    await tiles.nth(2).click()
    const viewer = page.getByRole('dialog')
    const stage = viewer.locator('.sdnb-stage')
    const cut = viewer.locator('.sdnb-cut')
    await cut.waitFor()
    expect(await colourOf(stage)).toEqual([0, 0, 207])
    const [room, shown] = [(await stage.boundingBox())!, (await cut.boundingBox())!]
    expect(Math.min(room.width - shown.width, room.height - shown.height)).toBeLessThan(1)
    await page.getByRole('button', { name: 'Actual size' }).click()
    expect(await cut.boundingBox()).toMatchObject({ width: 128, height: 96 })
    expect(await viewer.locator('.sdnb-percent').innerText()).toBe('100 %')

    const [x, y] = [room.x + room.width / 2 - 32, room.y + room.height / 2 + 24]
    await page.mouse.move(x, y)
    const inPicture = async () => {
      const box = (await cut.boundingBox())!
      return [((x - box.x) / box.width) * 128, ((y - box.y) / box.height) * 96].map(Math.round)
    }
    const turn = async (times: number, width: number) => {
      for (let i = 0; i < times; i++) await page.mouse.wheel(0, -100)
      await expect.poll(async () => (await cut.boundingBox())!.width).toBeGreaterThan(width)
    }
    // from where it is larger than its box it stays under the pointer; before, it stays in the middle
    await turn(16, 1300)
    const under = await inPicture()
    await turn(4, 2500)
    expect(await inPicture()).toEqual(under)
    const before = (await cut.boundingBox())!
    await page.mouse.down()
    await page.mouse.move(x + 30, y + 20)
    await page.mouse.up()
    expect(await cut.boundingBox()).toMatchObject({ x: before.x + 30, y: before.y + 20 })
    await page.keyboard.press('0')
    expect(await cut.boundingBox()).toEqual(shown)
  })

  test('the viewer stays in its output, where it can be seen, and lets the rest go on below', async () => {
    const { page } = await open({ height: 700 })
    await showGrid('a')
    const tiles = await showGrid('b')
    await page.locator('#a .sdnb-tile').first().click()
    const box = (await page.getByRole('dialog').boundingBox())!
    expect(box.y + box.height).toBeLessThanOrEqual(700)
    expect(box.height).toBeGreaterThan(600)
    expect((await page.locator('#b').boundingBox())!.y).toBeGreaterThanOrEqual(box.y + box.height)
    await page.keyboard.press('Escape')
    expect((await tiles.first().boundingBox())!.y).toBeLessThan(250)
  })

  test.each([
    ['as VS Code has it', 1, 420],
    ['of a fast wheel', 3, 420],
    ['that does not scroll: the picture is smaller', 0, 284],
  ])('low in a notebook %s, all of the viewer is in sight', async (_, wheelSpeed, height) => {
    const { page } = await open({ height: 700, wheelSpeed })
    await page.evaluate('document.getElementById("container").style.paddingTop = "400px"')
    await showGrid('a')
    await page.locator('#a .sdnb-tile').first().click()
    const viewer = page.getByRole('dialog')
    const bottom = (box: { y: number; height: number } | null) => box!.y + box!.height
    await expect.poll(async () => bottom(await viewer.boundingBox())).toBeLessThanOrEqual(692)
    expect(await viewer.boundingBox()).toMatchObject({ y: expect.toSatisfy(y => y >= 8), height })
    expect((await viewer.locator('.sdnb-stage').boundingBox())!.height).toBeGreaterThan(100)
  })

  test('in a window of 320 px all of the viewer is in sight', async () => {
    const { page } = await open({ height: 320 })
    await page.evaluate('document.getElementById("container").style.paddingTop = "150px"')
    await showGrid('a')
    await page.locator('#a .sdnb-tile').first().click()
    const viewer = page.getByRole('dialog')
    await expect.poll(async () => (await viewer.boundingBox())!.y).toBe(8)
    expect((await viewer.boundingBox())!.height).toBe(304)
  })

  test('two pictures of two outputs are compared by a slider', async () => {
    const { page, keys } = await open()
    await showGrid('a')
    const others = await showGrid('b')
    await page.locator('#a .sdnb-tile').first().click()
    await page.getByRole('button', { name: 'Compare with another picture' }).click()
    expect(await page.locator('#a [role=status]').innerText()).toContain('Choose another picture')
    await others.nth(2).click()
    const dialog = page.locator('#b').getByRole('dialog', { name: 'Compare two pictures' })
    const slider = dialog.getByRole('slider')
    expect(await slider.getAttribute('aria-valuenow')).toBe('50')
    const stage = dialog.locator('.sdnb-stage')
    await page.keyboard.press('End')
    expect((await colourOf(dialog.locator('.sdnb-cut').last()))[0]).toBe(207)
    await page.keyboard.press('Home')
    expect((await colourOf(dialog.locator('.sdnb-cut').first()))[2]).toBe(207)
    const { x, y, width } = (await dialog.locator('.sdnb-cut').first().boundingBox())!
    await page.mouse.click(x + width / 4, y + 10)
    expect(await slider.getAttribute('aria-valuenow')).toBe('25')
    expect(await colourOf(stage)).toEqual([0, 0, 207])
    expect(await dialog.locator('dl').allInnerTexts()).toEqual(['seed\n7', 'seed\n9'])
    await page.keyboard.press('Escape')
    expect(await dialog.count()).toBe(0)
    expect(await keys()).toEqual([])
  })

  test('Esc ends choosing; then a picture opens as ever', async () => {
    const { page } = await open()
    const tiles = await showGrid()
    await tiles.first().click()
    await page.getByRole('button', { name: 'Compare with another picture' }).click()
    await page.keyboard.press('Escape')
    await tiles.nth(1).click()
    await page.getByRole('dialog', { name: 'Picture viewer' }).waitFor()
  })

  test('another picture of the same output takes the place of the first, element for element', async () => {
    const { page, blobUrls } = await open()
    const show = async (colour: [number, number, number], seed: number) => {
      const { png, details } = await bundleOf(painted(colour, 128, 96, madeOf(seed)))
      await notebook.picture('a', png, details)
    }
    await show([200, 0, 0], 1)
    const mark = 'const image = document.querySelector("#a img"); image.mark = 1; image.decode()'
    await page.evaluate(`(() => { ${mark} })()`)
    const before = await page.locator('#a').boundingBox()
    // every frame is looked at while forty pictures follow one another
    await page.evaluate(`(() => {
      window.seen = new Set()
      const look = () => {
        const image = document.querySelector('#a img'), { width, height, x, y } = image?.getBoundingClientRect() ?? {}
        seen.add([image?.mark, image?.complete && image.naturalWidth, width, height, x, y].join())
        requestAnimationFrame(look)
      }
      look()
    })()`)
    for (let i = 0; i < 40; i++) await show([200, i * 5, 0], i)
    await page.waitForTimeout(100)
    expect(await page.evaluate('[...seen]')).toEqual(['1,128,128,96,54,12'])
    expect(await page.locator('#a').boundingBox()).toEqual(before)
    expect(await colourOf(page.locator('#a .sdnb-tile'))).toEqual([152, 147, 0])
    expect(await page.locator('#a .sdnb-settings').innerText()).toContain('seed 39')
    expect(await blobUrls()).toBe(1)
  })

  test('a thousand updates of an output add nothing to what stays, and the focus keeps its tile', async () => {
    const { page, blobUrls } = await open()
    const tiles = await showGrid()
    await page.evaluate(`(() => {
      const stays = new Set([window, document, ...document.querySelectorAll('*')])
      const { addEventListener } = EventTarget.prototype
      window.added = 0
      EventTarget.prototype.addEventListener = function (...args) {
        if (stays.has(this)) added++
        return addEventListener.apply(this, args)
      }
    })()`)
    await tiles.nth(1).focus()
    const { png, details } = await gridOf()
    const base64 = Buffer.from(png).toString('base64')
    await page.evaluate(`(async () => {
      for (let i = 0; i < 1000; i++) await notebook.picture('g', '${base64}', { ...${JSON.stringify(details)}, update: i })
    })()`)
    expect(await page.evaluate('added')).toBe(0)
    expect(await blobUrls()).toBe(1)
    expect(await focused()).toMatch(/^Picture 2 of 3/)
    await page.keyboard.press('ArrowRight')
    expect(await focused()).toMatch(/^Picture 3 of 3/)
  })

  test('what is shown again as it was stays, an open viewer too', async () => {
    const { page } = await open()
    const tiles = await showGrid()
    await tiles.first().click()
    await page.getByRole('dialog').waitFor()
    await showGrid()
    expect(await page.getByRole('dialog').count()).toBe(1)
  })

  test('outputs that are gone hold no memory', async () => {
    const { blobUrls, dispose } = await open()
    for (const id of ['a', 'b', 'c']) await showGrid(id)
    expect(await blobUrls()).toBe(3)
    await dispose('b')
    expect(await blobUrls()).toBe(2)
    await dispose()
    expect(await blobUrls()).toBe(0)
  })

  test.each([
    ['no bytes', new Uint8Array(), 'expected a PNG, got no bytes'],
    ['bytes of something else', Buffer.from('GIF89a'), 'expected a PNG, got 6 bytes that begin with 47 49 46 38 39 61'],
  ])('%s: a reader is told', async (_, bytes, words) => {
    const { page, blobUrls } = await open()
    await notebook.picture('a', bytes)
    expect(await page.getByRole('alert').innerText()).toContain(words)
    expect(await blobUrls()).toBe(0)
    await showGrid('a')
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(await page.locator('#a .sdnb-tile').count()).toBe(3)
  })

  test('a PNG whose pixels are damaged: a reader is told', async () => {
    const { page, blobUrls } = await open()
    const { png } = await gridOf()
    await notebook.picture('a', Buffer.concat([png.subarray(0, 60), Buffer.alloc(40)]))
    expect(await page.getByRole('alert').innerText()).toMatch(/its PNG of 100 bytes is damaged/)
    expect(await blobUrls()).toBe(0)
  })

  test.each([
    ['none', undefined],
    ['of another version', { version: 2, pictures: [] }],
    ['tiles outside', { version: 1, pictures: [{ x: 300, y: 0, width: 128, height: 96 }] }],
    ['a prompt that is none', { version: 1, pictures: [{ x: 0, y: 0, width: 128, height: 96, parameters: {} }] }],
    ['nonsense', { version: 1, pictures: [null] }],
  ])('details: %s; the picture is shown all the same', async (_, details) => {
    const { page } = await open()
    await notebook.picture('a', (await gridOf()).png, details)
    expect(await page.locator('#a .sdnb-tile').count()).toBe(1)
    expect(await page.locator('#a .sdnb-words').innerText()).toBe('384 × 96')
    expect(await page.getByRole('button', { name: 'Again with this seed' }).isVisible()).toBe(false)
  })

  test('a prompt is text, never HTML', async () => {
    const { page } = await open()
    const prompt = '<img src=x onerror="window.ran = 1"><b>bold</b>'
    const { png, details } = await bundleOf(painted(red, 128, 96, { prompt }))
    await notebook.picture('a', png, details)
    await page.locator('#a .sdnb-tile').click()
    await page.getByRole('dialog').waitFor()
    expect(await page.locator('#a .sdnb-prompt').textContent()).toBe(prompt)
    expect(await page.locator('#a b').count()).toBe(0)
    expect(await page.evaluate('window.ran')).toBeUndefined()
  })
})
