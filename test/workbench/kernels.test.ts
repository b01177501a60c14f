import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { processesOf } from '../support/processes.js'
import { notebookOf } from './notebookFile.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`kernels in VS Code ${whyNoWorkbench}`, { timeout: 120_000 }, () => {
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
    // the second cell is in focus, with the cursor on its second line
    await notebook.editor.locator('.code-cell-row.focused', { hasText: 'function fail' }).waitFor()
    await workbench().page.locator('.code-cell-row.focused .current-line').waitFor()
    const problem = workbench().page.locator('.code-cell-row', { hasText: 'calls it' }).locator('.squiggly-error')
    await problem.waitFor()
  })
})
