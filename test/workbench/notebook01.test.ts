import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

const notebooks = join(import.meta.dirname, '../../notebooks')

describe.skipIf(whyNoWorkbench)(`notebook 01 in VS Code ${whyNoWorkbench}`, () => {
  const workbench = useWorkbench()

  test('Run All shows the grid, three different pictures side by side', async () => {
    await workbench().openFolder({}, notebooks)
    const notebook = await workbench().openNotebook('01-install-load-generate-grid.sdnb')
    await notebook.runAll()
    const grid = 14
    await notebook.scrollTo(grid)
    const picture = await notebook.output('.sdnb-frame[style*="width: 288px"] img')
    const { data, info } = await sharp(await picture.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info.width / info.height).toBe(3)
    console.log(info, data.length)
  })
})
