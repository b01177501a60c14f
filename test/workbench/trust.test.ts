import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notebookOf } from './notebookFile.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`a folder that is not trusted in VS Code ${whyNoWorkbench}`, () => {
  const workbench = useWorkbench({ trust: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } })

  test('opens and shows saved outputs, runs nothing until it is trusted', async () => {
    const saved = JSON.parse(notebookOf("await import('node:fs').then(fs => fs.writeFileSync('ran', ''))"))
    saved.cells[0].outputs = [{ output_type: 'stream', name: 'stdout', text: 'saved text' }]
    const folder = await workbench().openFolder({ 'untrusted.sdnb': JSON.stringify(saved) })
    const notebook = await workbench().openNotebook('untrusted.sdnb')
    await notebook.output('.output', { hasText: 'saved text' })
    await notebook.run(0)
    // VS Code asks; who says no has run nothing
    const dialog = workbench().page.locator('.monaco-dialog-box', { hasText: /trust/i })
    await dialog.waitFor()
    await workbench().page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(existsSync(join(folder, 'ran'))).toBe(false)
    expect(await notebook.executionCount(0).innerText()).toMatch(/^\[ \]$/)
  })
})
