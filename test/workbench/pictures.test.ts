import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Image } from '../../src/pipeline/index.js'
import { notebookOf } from './notebookFile.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

const load = `import { StableDiffusionPipeline } from 'sdnb'
const pipe = await StableDiffusionPipeline.fromPretrained('sdnb/tiny')`

describe.skipIf(whyNoWorkbench)(`pictures in VS Code ${whyNoWorkbench}`, () => {
  const workbench = useWorkbench()

  test('a picture opens where it can be seen; “again” makes the same one in a cell below', async () => {
    const call = "await pipe('a red car', { numInferenceSteps: 3, guidanceScale: 3, seed: 7 })"
    await workbench().openFolder({ 'a.sdnb': notebookOf(load, call) })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.runAll()
    const tile = await notebook.output('.sdnb-tile')
    await tile.click()
    const viewer = await notebook.output('[role=dialog]')
    const [box, editor] = await Promise.all([viewer.boundingBox(), notebook.editor.boundingBox()])
    expect(box!.y + box!.height).toBeLessThanOrEqual(editor!.y + editor!.height)
    await viewer.getByRole('button', { name: 'Again with this seed' }).click()
    await expect
      .poll(() => notebook.cell(2).locator('.view-lines').innerText(), { timeout: 20_000 })
      .toMatch(/await\spipe\('a\sred\scar',\s\{/)
    await expect.poll(() => notebook.executionCount(2).innerText(), { timeout: 60_000 }).toBe('[3]')
    const page = viewer.page()
    const frame = await (await tile.elementHandle())!.ownerFrame()
    await page.keyboard.press('Escape')
    await expect.poll(() => frame!.locator('.sdnb-image').count(), { timeout: 60_000 }).toBe(2)
    // the pixels of both, in the renderer's own page
    const same = `(async () => {
      const pixels = await Promise.all([...document.querySelectorAll('.sdnb-image')].map(async image => {
        await image.decode()
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight)
        canvas.getContext('2d').drawImage(image, 0, 0)
        return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join()
      }))
      return pixels[0] === pixels[1] && new Set(pixels[0].split(',')).size > 50
    })()`
    expect(await frame!.evaluate(same)).toBe(true)
  })

  test('a tile is saved with how it was made, copied, copied as code, varied in a cell below, and compared', async () => {
    const { page } = workbench()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const call = `import { gridImage } from 'sdnb'
const { images } = await pipe('a red car', { numImagesPerPrompt: 2, numInferenceSteps: 3, guidanceScale: 3, seed: 7 })
await gridImage(images, { rows: 1, cols: 2 })`
    const folder = await workbench().openFolder({ 'c.sdnb': notebookOf(load, call) })
    const notebook = await workbench().openNotebook('c.sdnb')
    await notebook.runAll()
    const tile = await notebook.output('.sdnb-tile[aria-label*="seed 8"]')
    await tile.click()
    const viewer = await notebook.output('[role=dialog]')
    const press = (name: string) => viewer.getByRole('button', { name, exact: true }).click()

    await press('Copy picture')
    await viewer.locator('.sdnb-said', { hasText: 'Picture copied' }).waitFor()
    const copied = `navigator.clipboard.read().then(async ([item]) => {
      const { width, height } = await createImageBitmap(await item.getType('image/png'))
      return [width, height]
    })`
    expect(await page.evaluate(copied)).toEqual([128, 128])

    await press('Copy settings as code')
    await expect
      .poll(() => page.evaluate('navigator.clipboard.readText()').catch(() => ''))
      .toContain("await pipe('a red car', {")

    await press('Save as PNG')
    const dialog = page.locator('.quick-input-widget input.input')
    await expect.poll(() => dialog.inputValue()).toBe(join(folder, 'a-red-car-8.png'))
    await page.keyboard.press('Enter')
    const saved = () => Image.open(join(folder, 'a-red-car-8.png')).catch(() => undefined)
    await expect.poll(saved).toMatchObject({ width: 128, parameters: { prompt: 'a red car', seed: 8, steps: 3 } })

    await press('Compare with another picture')
    await (await notebook.output('.sdnb-tile[aria-label*="seed 7"]')).click()
    const comparison = await notebook.output('[role=dialog]', { hasText: 'Compare' })
    expect((await comparison.locator('dd').allInnerTexts()).join()).toBe('8,7')
    await page.keyboard.press('Escape')

    await (await notebook.output('.sdnb-tile[aria-label*="seed 8"]')).click()
    await (await notebook.output('[role=dialog]')).getByRole('button', { name: /^Vary/ }).click()
    const below = notebook.cell(2).locator('.view-lines')
    await expect.poll(() => below.innerText(), { timeout: 20_000 }).toMatch(/await\spipe\('a\sred\scar',\s\{/)
    expect(await below.innerText()).not.toContain('seed')
    await expect.poll(() => notebook.executionCount(2).innerText(), { timeout: 60_000 }).toBe('[3]')
  })

  test('by keyboard: to a tile, Enter opens it, + enlarges, arrows move, Esc closes and goes back to the tile', async () => {
    const { page } = workbench()
    const call = `import { gridImage } from 'sdnb'
const { images } = await pipe('a red car', { numImagesPerPrompt: 2, numInferenceSteps: 2, seed: 7 })
await gridImage(images, { rows: 1, cols: 2 })`
    await workbench().openFolder({ 'k.sdnb': notebookOf(load, call) })
    const notebook = await workbench().openNotebook('k.sdnb')
    await notebook.runAll()
    const tile = await notebook.output('.sdnb-tile[aria-label*="seed 7"]')
    const frame = (await (await tile.elementHandle())!.ownerFrame())!
    const focused = () => frame.evaluate('document.activeElement?.ariaLabel ?? ""')
    // VS Code answers a focus that has moved within its page of outputs by moving it there again: a person is slower
    const press = async (key: string) => {
      await page.keyboard.press(key)
      await page.waitForTimeout(300)
    }

    // to the first output of the cell, which is how far the call has come
    await notebook.focus(1)
    await press('Control+Shift+ArrowDown')
    await expect.poll(() => frame.evaluate('document.activeElement.matches(".output:has(.sdnb-progress)")')).toBe(true)
    await press('Tab')
    await expect.poll(focused).toMatch(/^Picture 1 of 2/)
    await press('Tab')
    await expect.poll(focused).toBe('Copy picture')
    await press('Shift+Tab')
    await expect.poll(focused).toMatch(/^Picture 1 of 2/)
    await press('ArrowRight')
    await expect.poll(focused).toMatch(/^Picture 2 of 2, .*seed 8/)

    await press('Enter')
    const viewer = await notebook.output('[role=dialog]')
    const [cut, percent] = [viewer.locator('.sdnb-cut'), viewer.locator('.sdnb-percent')]
    const fitted = await percent.innerText()
    for (let i = 0; i < 5; i++) await press('+')
    await expect.poll(() => percent.innerText()).not.toBe(fitted)
    const before = (await cut.boundingBox())!
    await press('ArrowRight')
    await press('ArrowDown')
    await expect
      .poll(() => cut.boundingBox())
      .toMatchObject({ x: expect.closeTo(before.x - 48, 0), y: expect.closeTo(before.y - 48, 0) })
    expect(await viewer.locator('.sdnb-place').innerText()).toBe('2 of 2')

    await press('Escape')
    await viewer.waitFor({ state: 'detached' })
    await expect.poll(focused).toMatch(/^Picture 2 of 2/)
    expect(await page.evaluate('document.activeElement.tagName')).toBe('IFRAME')
  })

  test('a picture of a notebook whose seed is none: “again” tells so', async () => {
    const parameters = { prompt: 'a red car', seed: '../7' }
    const image = new Image(new Uint8Array(64 * 64 * 3), 64, 64)
    const notebookJson = JSON.parse(notebookOf('1'))
    const picture = {
      'image/png': Buffer.from(await image.toPNG()).toString('base64'),
      'application/vnd.sdnb.image+json': {
        ...{ version: 1, width: 64, height: 64 },
        pictures: [{ x: 0, y: 0, width: 64, height: 64, parameters }],
      },
    }
    notebookJson.cells[0].outputs = [{ output_type: 'display_data', metadata: {}, data: picture }]
    const folder = await workbench().openFolder({ 's.sdnb': JSON.stringify(notebookJson) })
    const notebook = await workbench().openNotebook('s.sdnb')
    const tile = await notebook.output('.sdnb-tile')
    await tile.click()
    const viewer = await notebook.output('[role=dialog]')
    await viewer.getByRole('button', { name: 'Save as PNG' }).click()
    const dialog = workbench().page.locator('.quick-input-widget input.input')
    await expect.poll(() => dialog.inputValue()).toBe(join(folder, 'a-red-car-7.png'))
    await workbench().page.keyboard.press('Escape')
    await viewer.getByRole('button', { name: 'Again with this seed' }).click()
    await workbench().notification('its seed is "../7", expected a whole number')
  })

  test('Stop ends the call: its progress says where, its cell that it was interrupted', async () => {
    await workbench().openFolder({ 'b.sdnb': notebookOf(load, "await pipe('a red car', { numInferenceSteps: 900 })") })
    const notebook = await workbench().openNotebook('b.sdnb')
    await notebook.runAll()
    const preview = await notebook.output('.sdnb-preview')
    await expect
      .poll(() => preview.evaluate(image => (image as never as { naturalWidth: number }).naturalWidth))
      .toBe(16)
    await (await notebook.output('.sdnb-stop')).click()
    await notebook.output('.sdnb-rate', { hasText: 'stopped' })
    expect(await (await notebook.output('.sdnb-count')).innerText()).toMatch(/^\d+ of 901$/)
  })
})
