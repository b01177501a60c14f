import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { patience, useWorkbench, whyNoWorkbench } from './workbench.js'

const notebooks = join(import.meta.dirname, '../../notebooks')
const name = '01-install-load-generate-grid.sdnb'
const [parameters, pictures, grid] = [4, 10, 14]

describe.skipIf(whyNoWorkbench)(`notebook 01 in VS Code ${whyNoWorkbench}`, { timeout: 180_000 }, () => {
  const workbench = useWorkbench()

  test('Run All shows the grid of three pictures; another prompt, run again, shows others in its place', async () => {
    const folder = await workbench().openFolder({}, notebooks)
    const notebook = await workbench().openNotebook(name)
    /** The grid as the file has it, once the screen shows the same. */
    const shownAndSaved = async (count: string) => {
      await notebook.scrollTo(grid)
      await expect.poll(() => notebook.executionCount(grid).innerText(), { timeout: patience }).toBe(count)
      await notebook.save()
      const [{ data }] = JSON.parse(readFileSync(join(folder, name), 'utf8')).cells[grid].outputs
      const saved = await rgb(Buffer.from([data['image/png']].flat().join(''), 'base64'))
      const onScreen = async () => {
        await notebook.scrollTo(grid)
        const picture = await notebook.output('.sdnb-frame[style*="width: 288px"] img')
        return difference((await rgb(await picture.screenshot())).data, saved.data)
      }
      // but for its round corners; what is above it may still be growing
      await expect.poll(onScreen, { timeout: patience }).toBeLessThan(0.1)
      return saved
    }
    await notebook.runAll()
    const first = await shownAndSaved('[7]')
    expect([first.width, first.height]).toEqual([288, 96])
    const tiles = [0, 1, 2].map(i => tile(first.data, i))
    for (const pixels of tiles) expect(spread(pixels)).toBeGreaterThan(20)
    expect(new Set(tiles.map(String)).size).toBe(3)

    await notebook.scrollTo(parameters)
    await notebook.edit(parameters, "const model = 'sdnb/tiny', prompt = 'a blue house', seed = 7")
    await notebook.run(parameters)
    await notebook.scrollTo(pictures)
    await notebook.cell(pictures).locator('.cell-statusbar-container', { hasText: 'Stale: prompt changed' }).waitFor()
    await notebook.runAll()
    const second = await shownAndSaved('[16]')
    expect(spread(second.data)).toBeGreaterThan(20)
    expect(difference(second.data, first.data)).toBeGreaterThan(10)
  })
})

async function rgb(png: Buffer) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** The pixels of one of three squares side by side. */
function tile(data: Buffer, index: number): Buffer {
  const [stride, width] = [288 * 3, 96 * 3]
  return Buffer.concat(
    Array.from({ length: 96 }, (_, y) => data.subarray(y * stride + index * width, y * stride + (index + 1) * width)),
  )
}

/** The mean absolute difference of values. */
const difference = (a: Buffer, b: Buffer) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length

/** The standard deviation of all values. */
function spread(data: Buffer): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length)
}
