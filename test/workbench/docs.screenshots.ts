import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { notebookOf } from './notebookFile.js'
import { patience, useWorkbench, type Workbench } from './workbench.js'

const root = join(import.meta.dirname, '../..')
const notebooks = join(root, 'notebooks')
const name01 = '01-install-load-generate-grid.sdnb'
const load = `import { gridImage, StableDiffusionPipeline } from 'sdnb'

const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny')`
const exclude = { '**/node_modules': true, '**/.npmrc': true }
const dark = { settings: { 'workbench.colorTheme': 'Default Dark Modern', 'files.exclude': exclude } }
const light = { settings: { 'workbench.colorTheme': 'Default Light Modern' } }

/** Notebook 01 as it was saved after its run, for the folder that is not trusted. */
let saved: Buffer

describe('dark', () => {
  const workbench = useWorkbench(dark)

  test('notebook', async () => {
    await size(workbench())
    const folder = await workbench().openFolder({}, notebooks)
    const notebook = await workbench().openNotebook(name01)
    await notebook.runAll()
    await notebook.scrollTo(16)
    await expect.poll(() => notebook.executionCount(16).innerText(), { timeout: patience }).toBe('[8]')
    await notebook.save()
    saved = readFileSync(join(folder, name01))
    await notebook.scrollTo(14)
    await notebook.output('.sdnb-frame[style*="width: 288px"] img')
    await shoot(workbench(), 'notebook')
  })

  test('progress', async () => {
    await size(workbench())
    await workbench().openFolder({
      'lighthouse.sdnb': notebookOf(
        load,
        `const { images } = await pipeline('watercolor of a red lighthouse, sea, sunset', {
  numImagesPerPrompt: 4,
  numInferenceSteps: 400,
  guidanceScale: 3,
  seed: 3,
})
await gridImage(images, { rows: 1, cols: 4 })`,
      ),
    })
    const notebook = await workbench().openNotebook('lighthouse.sdnb')
    await notebook.runAll()
    await notebook.output('.sdnb-count', { hasText: /^1[5-9]\d of/ })
    await shoot(workbench(), 'progress')
    await workbench().command('SD Notebook: Interrupt Kernel')
  })

  test('error', async () => {
    await size(workbench())
    await workbench().openFolder({
      'postcards.sdnb': notebookOf(
        load,
        `async function postcard(prompt: string, width: number) {
  const { images } = await pipeline(prompt, { width, height: 128, seed: 7, guidanceScale: 3 })
  return images[0]
}`,
        `await postcard('photograph of a red car, beach, sunset', 150)`,
      ),
    })
    const notebook = await workbench().openNotebook('postcards.sdnb')
    await notebook.runAll()
    await notebook.output('a', { hasText: 'line 2' })
    await shoot(workbench(), 'error')
  })
})

describe('light', () => {
  const workbench = useWorkbench(light)

  test('viewer', async () => {
    await size(workbench())
    await workbench().openFolder({ 'sailboats.sdnb': notebookOf(load, sailboats) })
    const notebook = await workbench().openNotebook('sailboats.sdnb')
    await workbench().command('View: Toggle Primary Side Bar Visibility')
    await notebook.runAll()
    const tile = await notebook.output('.sdnb-tile[aria-label^="Picture 2 of 6"]')
    await notebook.editor.hover({ position: { x: 8, y: 300 } })
    for (let notch = 0; notch < 6; notch++) await workbench().page.mouse.wheel(0, 120)
    await workbench().page.waitForTimeout(500)
    await tile.click()
    const viewer = await notebook.output('[role=dialog]')
    await viewer.getByRole('button', { name: 'Compare with another picture' }).click()
    await (await notebook.output('.sdnb-tile[aria-label^="Picture 5 of 6"]')).click()
    await notebook.output('[role=dialog]', { hasText: 'Compare' })
    await shoot(workbench(), 'viewer')
  })
})

describe('untrusted', () => {
  const workbench = useWorkbench({
    settings: { ...light.settings, 'security.workspace.trust.startupPrompt': 'never' },
    trust: false,
  })

  test('untrusted', async () => {
    await size(workbench())
    await workbench().openFolder({ [name01]: saved })
    const notebook = await workbench().openNotebook(name01)
    await notebook.scrollTo(14)
    await notebook.output('.sdnb-frame[style*="width: 288px"] img')
    await shoot(workbench(), 'untrusted')
  })
})

const sailboats = `const { images } = await pipeline('oil painting of a green sailboat, lake', {
  numImagesPerPrompt: 6,
  numInferenceSteps: 20,
  guidanceScale: 3,
  seed: 3,
})
await gridImage(images, { rows: 2, cols: 3 })`

const size = ({ page }: Workbench) => page.setViewportSize({ width: 1280, height: 800 })

/** Writes docs/NAME.png; in 256 colours where it would be too large. */
async function shoot({ page }: Workbench, name: string) {
  await page.mouse.move(400, 3) // on nothing that shows a tooltip
  await page.waitForTimeout(1500)
  const shot = sharp(await page.screenshot())
  const exact = await shot.png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer()
  const png = exact.length < 200_000 ? exact : await shot.png({ palette: true, effort: 10 }).toBuffer()
  mkdirSync(join(root, 'docs'), { recursive: true })
  writeFileSync(join(root, 'docs', `${name}.png`), png)
  console.log(`docs/${name}.png: ${(png.length / 1000).toFixed(0)} kB`)
}
