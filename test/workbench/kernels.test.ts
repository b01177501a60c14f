import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { processesOf, processesWith } from '../support/processes.js'
import { notebookOf } from './notebookFile.js'
import { patience, useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`kernels in VS Code ${whyNoWorkbench}`, { timeout: 180_000 }, () => {
  const workbench = useWorkbench()
  /** kernels of this window's VS Code */
  const kernels = () => {
    const ours = processesOf(workbench().server.folder)
    return processesWith('kernelProcess.js').filter(pid => ours.includes(pid))
  }

  async function until(state: () => boolean) {
    for (const end = Date.now() + patience; !state(); await wait(50))
      if (Date.now() > end) throw new Error(`Expected ${state} within ${patience} ms`)
  }

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
    await notebook.edit(1, 'function fail() {\n  console.log("right")\n}')
    await notebook.run(1)
    await notebook.run(2)
    await notebook.output('span', { hasText: 'right' })
    await notebook.cell(2).locator('.squiggly-error').waitFor({ state: 'detached' })
  })

  test('a cell is stopped in the middle of denoising, and the session goes on', async () => {
    await workbench().openFolder({
      'a.sdnb': notebookOf(
        'import { StableDiffusionPipeline } from "sdnb"\nconst pipeline = await StableDiffusionPipeline.fromPretrained("sdnb/tiny")\nlet steps = 0',
        'await pipeline("a car", { numInferenceSteps: 1000, callbackOnStepEnd: () => void steps++ })',
        'console.log(steps > 0 && steps < 1000 ? "stopped between" : steps)',
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

  test('a window that is reloaded while a cell runs shows what it has printed meanwhile, and what comes', async () => {
    await workbench().openFolder({
      'a.sdnb': notebookOf(
        'for (let i = 0; ; i++) {\n  if (i % 10 === 0) console.log("line", i / 10)\n  if (i === 1000) break\n  await new Promise(resolve => setTimeout(resolve, 20))\n}',
        'console.log("behind it")',
      ),
    })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.runAll()
    await notebook.output('span', { hasText: 'line 3' })
    const [pid] = kernels()
    await workbench().reload()
    const again = await workbench().notebook('a.sdnb')
    const text = await (await again.output('.output-stream', { hasText: /line 100/ })).innerText()
    expect(text.trim().split('\n')).toEqual(Array.from({ length: 101 }, (_, i) => `line ${i}`))
    await again.output('.output-stream', { hasText: 'behind it' })
    expect(await again.executionCount(1).innerText()).toBe('[2]')
    expect(kernels()).toEqual([pid])
  })

  test('a kernel that is killed says so, and another starts', async () => {
    await workbench().openFolder({ 'a.sdnb': notebookOf('await new Promise(() => {})', 'console.log("alive")') })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.run(0)
    await until(() => kernels().length === 1)
    await notebook.cell(0).locator('.codicon-notebook-state-executing').waitFor()
    process.kill(kernels()[0], 'SIGKILL')
    const toast = await workbench().notification('a.sdnb: The kernel was ended by SIGKILL')
    await notebook.output('span', { hasText: 'KernelDied' })
    await toast.getByRole('button', { name: 'Restart' }).click()
    await notebook.run(1)
    await notebook.output('span', { hasText: 'alive' })
    expect(await notebook.executionCount(1).innerText()).toBe('[1]')
  })

  test('two notebooks have a kernel each; one that is closed ends with its notebook', async () => {
    const code = 'var n = (globalThis.n ?? 0) + 1\nconsole.log("run", n)'
    await workbench().openFolder({ 'a.sdnb': notebookOf(code), 'b.sdnb': notebookOf(code) })
    for (const name of ['a.sdnb', 'b.sdnb']) {
      const notebook = await workbench().openNotebook(name)
      await notebook.run(0)
      await notebook.output('span', { hasText: /^run 1/ })
    }
    expect(kernels()).toHaveLength(2)
    await workbench().page.keyboard.press('Control+S')
    await workbench().command('View: Close Editor')
    await until(() => kernels().length === 1)
    await workbench().command('SD Notebook: Shut Down Kernel')
    await until(() => kernels().length === 0)
  })

  test('a new notebook that is saved keeps its kernel', async () => {
    const folder = await workbench().openFolder({ 'a.sdnb': notebookOf('const kept = "kept"', 'console.log(kept)') })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.run(0)
    await until(() => kernels().length === 1)
    const before = kernels()
    const row = workbench().page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'a.sdnb' })
    await row.click()
    await workbench().page.keyboard.press('F2')
    await workbench().page.keyboard.insertText('b.sdnb')
    await workbench().page.keyboard.press('Enter')
    const renamed = await workbench().notebook('b.sdnb')
    await renamed.run(1)
    await renamed.output('span', { hasText: /^kept/ })
    expect(kernels()).toEqual(before)
    expect(readFileSync(join(folder, 'b.sdnb'), 'utf8')).toContain('const kept')
  })
})
