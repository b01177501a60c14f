import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { processesOf, processesWith } from '../support/processes.js'
import { notebookOf } from './notebookFile.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`a folder that is not trusted in VS Code ${whyNoWorkbench}`, () => {
  const workbench = useWorkbench({ trust: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } })

  test('opens and shows saved outputs, runs nothing until it is trusted', async () => {
    const saved = JSON.parse(notebookOf("await import('node:fs').then(fs => fs.writeFileSync('ran', ''))"))
    saved.cells[0].outputs = [{ output_type: 'stream', name: 'stdout', text: 'saved text' }]
    const folder = await workbench().openFolder({ 'untrusted.sdnb': JSON.stringify(saved) })
    const { page } = workbench()
    const notebook = await workbench().openNotebook('untrusted.sdnb')
    await notebook.output('.output', { hasText: 'saved text' })
    await notebook.run(0)
    // VS Code asks; who says no has run nothing
    const dialog = page.locator('.monaco-dialog-box', { hasText: /trust/i })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })

    // no command of ours runs it
    await page.keyboard.press('F1')
    await page.locator('.quick-input-widget input.input').fill('>SD Notebook: ')
    const commands = page.locator('.quick-input-list .monaco-list-row')
    await commands.filter({ hasText: 'Open Log' }).waitFor()
    for (const title of ['Restart Kernel', 'Run All'])
      expect(await commands.filter({ hasText: title }).count(), title).toBe(0)
    await page.keyboard.press('Escape')
    expect(existsSync(join(folder, 'ran'))).toBe(false)
    expect(await notebook.executionCount(0).innerText()).toMatch(/^\[ \]$/)
    const ours = processesOf(workbench().server.folder)
    const programs = ['kernelProcess.js', 'languageServer.js', 'cli.cjs'].flatMap(name => processesWith(`dist/${name}`))
    expect(programs.filter(pid => ours.includes(pid))).toEqual([])

    await notebook.run(0)
    await dialog.waitFor()
    await dialog.getByRole('button', { name: /^Trust/ }).click()
    await expect.poll(() => existsSync(join(folder, 'ran'))).toBe(true)
    await expect.poll(() => notebook.executionCount(0).innerText()).toBe('[1]')
  })
})
