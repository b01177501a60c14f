import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAlive } from '../support/processes.js'
import { notebookOf } from './notebookFile.js'
import type { NotebookPage } from './notebookPage.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`what a kernel survives in VS Code ${whyNoWorkbench}`, () => {
  const workbench = useWorkbench()

  test('a window that reloads while a cell runs: nothing printed meanwhile is lost, and names are kept', async () => {
    const folder = await workbench().openFolder({
      'long.sdnb': notebookOf(
        `const { existsSync, writeFileSync } = await import('node:fs')
for (let i = 1; !existsSync('go'); i++) {
  console.log('line', i)
  await new Promise(resolve => setTimeout(resolve, 100))
}
const ended = 'kept'
console.log('the end')`,
        'ended + process.pid',
      ),
    })
    const before = await workbench().openNotebook('long.sdnb')
    await before.run(0)
    await before.output('.output', { hasText: 'line 3' })
    await workbench().reload()
    const after = await workbench().notebook('long.sdnb')
    await after.output('.output', { hasText: 'line 40' })
    writeFileSync(join(folder, 'go'), '')
    const printed = await after.output('.output', { hasText: 'the end' })
    const lines = [...(await printed.innerText()).matchAll(/line (\d+)/g)].map(([, number]) => Number(number))
    expect(lines).toEqual(lines.map((_, i) => i + 1))
    await after.run(1)
    await after.output('.output', { hasText: /kept\d+/ })
  })

  test('a kernel that is killed: the cell fails with the reason, Restart gives another', async () => {
    await workbench().openFolder({
      'killed.sdnb': notebookOf('process.pid', 'await new Promise(resolve => setTimeout(resolve, 100_000))'),
    })
    const notebook = await workbench().openNotebook('killed.sdnb')
    const pid = await pidIn(notebook)
    await notebook.run(1)
    await notebook.cell(1).locator('.codicon-notebook-state-executing').waitFor()
    process.kill(pid, 'SIGKILL')
    const message = await workbench().notification(/kernel.*(died|killed|SIGKILL)/i)
    await notebook.cell(1).locator('.codicon-notebook-state-error').waitFor()
    await message.getByRole('button', { name: 'Restart' }).click()
    const next = await pidIn(notebook)
    expect(next).not.toBe(pid)
  })

  test('a notebook that is closed: not at all', async () => {
    await workbench().openFolder({ 'closed.sdnb': notebookOf('process.pid') })
    const notebook = await workbench().openNotebook('closed.sdnb')
    const pid = await pidIn(notebook)
    await notebook.save()
    await workbench().command('View: Close Editor')
    await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false)
  })
})

/** Runs the first cell, which tells its kernel's process. */
async function pidIn(notebook: NotebookPage): Promise<number> {
  await notebook.run(0)
  await expect.poll(() => notebook.executionCount(0).innerText(), { timeout: 60_000 }).toMatch(/\[\d+\]/)
  return Number((await (await notebook.output('.output', { hasText: /^\s*\d+\s*$/ })).innerText()).trim())
}
