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
    const shown = async () => {
      const picture = await notebook.output('.sdnb-frame[style*="width: 288px"] img')
      await picture.evaluate(image => (image as never as { decode(): Promise<void> }).decode())
      return rgb(await picture.screenshot())
    }
    await notebook.runAll()
    await notebook.scrollTo(grid)
    const first = await shown()
    expect([first.width, first.height]).toEqual([288, 96])
    const tiles = [0, 1, 2].map(i => tile(first.data, i))
    for (const pixels of tiles) expect(spread(pixels)).toBeGreaterThan(20)
    expect(new Set(tiles.map(String)).size).toBe(3)

    // what is seen is what is saved
    await notebook.save()
    const saved = JSON.parse(readFileSync(join(folder, name), 'utf8')).cells[grid].outputs[0].data['image/png']
    const { data } = await rgb(Buffer.from([saved].flat().join(''), 'base64'))
    // but for its round corners
    expect(difference(data, first.data)).toBeLessThan(0.1)

    await notebook.scrollTo(parameters)
    await notebook.edit(parameters, "const model = 'sdnb/tiny', prompt = 'a blue house', seed = 7")
    await notebook.run(parameters)
    await notebook.scrollTo(pictures)
    await notebook.cell(pictures).locator('.cell-statusbar-container', { hasText: 'Stale: prompt changed' }).waitFor()
    await notebook.runAll()
    await notebook.scrollTo(grid)
    await expect.poll(async () => (await shown()).data.equals(first.data), { timeout: patience }).toBe(false)
    const second = await shown()
    expect(spread(second.data)).toBeGreaterThan(20)
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
