import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notebookOf } from './notebookFile.js'
import { patience, useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`commands in VS Code ${whyNoWorkbench}`, { timeout: 180_000 }, () => {
  const workbench = useWorkbench()

  test('variables, memory, the device, and an export', async () => {
    const folder = await workbench().openFolder({ 'a.sdnb': notebookOf('const answer = 6 * 7\nconsole.log(answer)') })
    const { page } = workbench()
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.runAll()
    await notebook.output('.output', { hasText: '42' })

    await workbench().command('SD Notebook: Show Variables')
    await page.locator('.pane-body .monaco-list-row', { hasText: 'answer' }).filter({ hasText: '42' }).waitFor()

    await notebook.focus(0)
    await workbench().command('SD Notebook: Export')
    await workbench().pick('Markdown')
    const name = page.locator('.quick-input-widget input.input')
    await expect.poll(() => name.inputValue()).toMatch(/a\.md$/)
    await page.keyboard.press('Enter')
    const file = join(folder, 'a.md')
    await expect
      .poll(() => existsSync(file) && readFileSync(file, 'utf8'), { timeout: patience })
      .toMatch(/const answer[\s\S]*42/)

    await notebook.focus(0)
    await workbench().command('SD Notebook: Select Device')
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'cpu' }).filter({ hasText: 'now' }).waitFor()
    await page.keyboard.press('Escape')

    await notebook.focus(0)
    await workbench().command('SD Notebook: Show Model Memory')
    await workbench().pick('', 'Shut Down Kernel')
    await page.locator('#sdnb\\.sdnb\\.sdnb\\.kernel, .statusbar-item', { hasText: 'no kernel' }).first().waitFor()
  })
})
