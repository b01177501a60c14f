import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notebookOf } from './notebookFile.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`language features in VS Code ${whyNoWorkbench}`, { timeout: 120_000 }, () => {
  const workbench = useWorkbench()

  test('a cell knows the names of earlier cells, before any has run, and says each thing once', async () => {
    await workbench().openFolder({
      'a.sdnb': notebookOf(
        '/** How it is painted. */\nconst settings = { guidance: 7.5, steps: 20 }',
        'settings.',
        'const wrong: string = settings.steps',
        '!echo   1\nif(settings.steps>1){\nsettings\n}',
      ),
    })
    const notebook = await workbench().openNotebook('a.sdnb')
    const { page } = workbench()

    // diagnostics
    await notebook.cell(2).locator('.squiggly-error').first().waitFor()
    expect(await notebook.cell(2).locator('.squiggly-error').count()).toBe(1)
    expect(await notebook.cell(3).locator('.squiggly-error').count()).toBe(0)

    // completion
    await notebook.focus(1)
    await page.keyboard.press('End')
    await page.keyboard.type('st')
    const suggestions = page.locator('.suggest-widget .monaco-list-row')
    await suggestions.locator('.codicon-symbol-property').first().waitFor()
    expect(await suggestions.filter({ hasText: 'steps' }).count()).toBe(1)
    await shot('completion')
    await page.keyboard.press('Enter')
    await notebook.cell(1).locator('.view-line', { hasText: 'settings.steps' }).waitFor()

    // hover
    await notebook
      .cell(2)
      .locator('.view-line span', { hasText: /^settings$/ })
      .last()
      .hover()
    const hover = page.locator('.monaco-hover:visible', { hasText: 'const settings' })
    await hover.waitFor({ timeout: 20_000 })
    expect(await hover.getByText('How it is painted.').count()).toBe(1)
    expect(await hover.getByText('const settings').count()).toBe(1)
    await shot('hover')
    await page.keyboard.press('Escape')

    // formatting asks nothing
    await notebook.focus(3)
    await workbench().command('Format Cell')
    await notebook.cell(3).locator('.view-line', { hasText: 'if (settings.steps > 1) {' }).waitFor({ timeout: 20_000 })
    expect(await notebook.cell(3).locator('.view-line').allInnerTexts()).toEqual(
      ['!echo   1', 'if (settings.steps > 1) {', '    settings', '}'].map(nonBreaking),
    )
    expect(await page.locator('.monaco-dialog-box, .notification-toast').count()).toBe(0)
    await shot('formatted')
  })

  async function shot(name: string) {
    const folder = join('out', 'workbench')
    mkdirSync(folder, { recursive: true })
    await workbench().screenshot(join(folder, `language-${name}.png`))
  }
})

/** As VS Code draws spaces. */
const nonBreaking = (text: string) => text.replaceAll(' ', '\u00a0')
