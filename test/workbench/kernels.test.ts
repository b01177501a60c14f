import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAlive, processesWith } from '../support/processes.js'
import { notebookOf } from './notebookFile.js'
import type { NotebookPage } from './notebookPage.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

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
    await expect.poll(() => notebook.executionCount(3).innerText()).toMatch(/^\[ \]$/)
    await link.click()
    await notebook.editor.locator('.code-cell-row.focused', { hasText: 'function fail' }).waitFor()
    const linked = notebook.cell(1).locator('.monaco-editor.focused .view-lines')
    await linked.waitFor()
    await workbench().page.keyboard.insertText('/**/')
    await expect.poll(() => linked.innerText()).toMatch(/\n.*\/\*\*\/.*throw|\n.*throw.*\/\*\*\//)
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

  test('a notebook that is renamed, or saved as another, keeps its kernel', async () => {
    const folder = await workbench().openFolder({
      'a.sdnb': notebookOf('const kept = process.pid', 'console.log(kept)'),
    })
    const { page } = workbench()
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.run(0)
    await notebook.run(1)
    const kept = await notebook.output('span', { hasText: /^\s*\d+\s*$/ })
    const pid = Number(await kept.innerText())
    const rename = async (from: string, to: string) => {
      await page.locator('.explorer-folders-view .monaco-list-row', { hasText: from }).click()
      await page.keyboard.press('F2')
      await page.keyboard.press('Control+A')
      await page.keyboard.insertText(to)
      await page.keyboard.press('Enter')
      const exactly = { hasText: new RegExp(to) } // a text would match in any case
      for (const part of ['.tab.active', '.explorer-folders-view .monaco-list-row.focused'])
        await page.locator(part, exactly).waitFor()
      const notebook = await workbench().notebook(to)
      await page.locator('.statusbar-item', { hasText: /^\s*idle/ }).waitFor()
      return notebook
    }
    const rerun = async (notebook: NotebookPage, count: string) => {
      await notebook.run(1)
      await expect.poll(() => notebook.executionCount(1).innerText()).toBe(count)
      await notebook.output('span', { hasText: `${pid}` })
    }
    await rerun(await rename('a.sdnb', 'A.sdnb'), '[3]')
    await rerun(await rename('A.sdnb', 'b.sdnb'), '[4]')
    await workbench().command('File: Save As...')
    await saveAs('c.sdnb')
    await rerun(await workbench().notebook('c.sdnb'), '[5]')
    expect(readFileSync(join(folder, 'c.sdnb'), 'utf8')).toContain('const kept')
    expect(isAlive(pid)).toBe(true)
  })

  test('a new notebook keeps its kernel when it is saved; one that is thrown away has none', async () => {
    const folder = await workbench().openFolder({})
    const { page } = workbench()
    const added = async (other?: number) => {
      await workbench().command('SD Notebook: New Notebook')
      await workbench().pick('Blank')
      const notebook = await workbench().notebook('Untitled')
      await notebook.edit(0, 'process.pid')
      await notebook.run(0)
      const pid = Number(
        await (await notebook.output('.output', { hasText: new RegExp(`^\\s*(?!${other})\\d+\\s*$`) })).innerText(),
      )
      expect(isAlive(pid)).toBe(true)
      return pid
    }
    const saved = await added()
    await page.keyboard.press('Control+S')
    await saveAs('new.sdnb')
    const notebook = await workbench().notebook('new.sdnb')
    await notebook.run(0)
    await expect.poll(() => notebook.executionCount(0).innerText()).toBe('[2]')
    expect(existsSync(join(folder, 'new.sdnb'))).toBe(true)
    expect(isAlive(saved)).toBe(true)

    const thrown = await added(saved)
    await workbench().command('View: Close Editor')
    await page.locator('.monaco-dialog-box').getByRole('button', { name: "Don't Save" }).click()
    await expect.poll(() => isAlive(thrown)).toBe(false)
    expect(isAlive(saved)).toBe(true)
  })

  test('a restart forgets all names; with Run All, it makes them again, also when it is asked twice', async () => {
    const folder = await workbench().openFolder({
      'a.sdnb': notebookOf('let n = 0', "console.log('n is', ++n, 'in', process.pid)"),
    })
    const notebook = await workbench().openNotebook('a.sdnb')
    await notebook.runAll()
    await notebook.output('span', { hasText: 'n is 1' })
    await workbench().command('SD Notebook: Restart Kernel')
    await workbench()
      .page.locator('.statusbar-item', { hasText: /^\s*idle/ })
      .waitFor()
    await notebook.run(1)
    await notebook.output('span', { hasText: 'ReferenceError' })
    const toolbar = notebook.editor.locator('.notebook-toolbar-container')
    await toolbar.getByRole('button', { name: 'Go To' }).waitFor() // the error's; the others make room for it
    const item = workbench().page.getByRole('menuitem', { name: 'Restart Kernel and Run All' })
    // a toolbar that is being laid out moves away below a click
    await expect
      .poll(async () => {
        if (!(await item.isVisible())) await toolbar.getByRole('button', { name: 'More Actions' }).click()
        return item.isVisible()
      })
      .toBe(true)
    await item.dblclick()
    const shown = await notebook.output('span', { hasText: 'n is 1' })
    await expect.poll(() => notebook.executionCount(1).innerText()).toBe('[2]')
    const [, pid] = /in\s(\d+)/.exec(await shown.innerText())!
    const here = (pid: number) => isAlive(pid) && readlinkSync(`/proc/${pid}/cwd`) === folder
    expect(processesWith('dist/kernelProcess.js').filter(here)).toEqual([Number(pid)])
  })

  /** Answers the dialog that asks where to. */
  async function saveAs(name: string) {
    const input = workbench().page.locator('.quick-input-widget input.input')
    await expect.poll(() => input.inputValue()).toMatch(/\.sdnb$/)
    await input.fill((await input.inputValue()).replace(/[^/]+$/, name))
    await workbench().page.keyboard.press('Enter')
  }
})
