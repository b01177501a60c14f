import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notebookOf } from './notebookFile.js'
import { patience, useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`kernels in VS Code ${whyNoWorkbench}`, { timeout: 180_000 }, () => {
  const workbench = useWorkbench()
  test('an error leads to its cell and line, and stops the cells behind it', async () => {
    await workbench().openFolder({
      'a.sdnb': notebookOf(
        'const first = 1',
        'function fail() {\n  throw new TypeError("wrong")\n}',
        '// calls it\nfail()',
        'console.log("never")',
      ),
    })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.runAll()
    const link = await notebook.output('a', { hasText: 'line 2' })
    expect(await notebook.executionCount(3).innerText()).toMatch(/^\[ \]$/)
    await link.click()
    await notebook.editor.locator('.code-cell-row.focused', { hasText: 'function fail' }).waitFor()
    await notebook.cell(2).locator('.squiggly-error').waitFor()
    // it is marked until it runs again
    await notebook.edit(1, 'const fail = () => console.log("right")')
    await notebook.run(1)
    await notebook.run(2)
    await notebook.output('span', { hasText: 'right' })
    await notebook.cell(2).locator('.squiggly-error').waitFor({ state: 'detached' })
  })

  test('a cell is stopped in the middle of denoising, and the session goes on', async () => {
    await workbench().openFolder({
      'a.sdnb': notebookOf(
        'import { StableDiffusionPipeline } from "sdnb"\nconst pipeline = await StableDiffusionPipeline.fromPretrained("sdnb/tiny")\nlet steps = 0',
        'await pipeline("a car", { numInferenceSteps: 900, callbackOnStepEnd: () => void steps++ })',
        'console.log(steps > 0 && steps < 900 ? "stopped between" : steps)',
      ),
    })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.run(0)
    await notebook.run(1)
    await notebook.output('[role="progressbar"]')
    await workbench().page.getByRole('button', { name: 'Interrupt' }).first().click()
    await notebook.output('span', { hasText: 'InterruptedError' })
    await notebook.run(2)
    await notebook.output('span', { hasText: 'stopped between' })
  })

  test('a notebook that is renamed keeps its kernel', async () => {
    const folder = await workbench().openFolder({ 'a.sdnb': notebookOf('const kept = "kept"', 'console.log(kept)') })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.run(0)
    await expect.poll(() => notebook.executionCount(0).innerText(), { timeout: patience }).toBe('[1]')
    const row = workbench().page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'a.sdnb' })
    await row.click()
    await workbench().page.keyboard.press('F2')
    await workbench().page.keyboard.insertText('b')
    await workbench().page.keyboard.press('Enter')
    const renamed = await workbench().notebook('b.sdnb')
    await renamed.run(1)
    await renamed.output('span', { hasText: /^kept/ })
    expect(readFileSync(join(folder, 'b.sdnb'), 'utf8')).toContain('const kept')
  })
})
