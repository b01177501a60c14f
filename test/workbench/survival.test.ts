import { readFileSync, writeFileSync } from 'node:fs'
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
    await after.scrollTo(1)
    await after.run(1)
    await after.output('.output', { hasText: /kept\d+/ })
  })

  test('a window that reloads with two notebooks: the one behind keeps its kernel, and ends it when it is closed', async () => {
    const twice = "globalThis.runs = (globalThis.runs ?? 0) + 1\nconsole.log('run', globalThis.runs, 'of', process.pid)"
    await workbench().openFolder({ 'behind.sdnb': notebookOf(twice), 'other.sdnb': notebookOf(twice) })
    const { page } = workbench()
    const pids: number[] = []
    for (const name of ['behind.sdnb', 'other.sdnb']) {
      const notebook = await workbench().openNotebook(name)
      await notebook.run(0)
      const printed = await notebook.output('span', { hasText: /^run 1 of \d+/ })
      pids.push(Number(/of\s(\d+)/.exec(await printed.innerText())![1]))
      await notebook.run(0)
      await notebook.output('span', { hasText: `run 2 of ${pids.at(-1)}` })
      await notebook.save()
    }
    await workbench().reload()
    // its runs are shown once, as the last has left them
    const other = await workbench().notebook('other.sdnb')
    await expect.poll(() => other.executionCount(0).innerText()).toBe('[2]')
    const shown = await other.output('.output', { hasText: `run 2 of ${pids[1]}` })
    expect((await shown.innerText()).match(/run \d/g)).toEqual(['run 2'])
    // the other is not open, as nobody has looked at it; yet the window is its kernel's client
    await expect.poll(() => clientsOf(pids[0])).toBe(1)
    const tab = page.locator('.tab', { hasText: 'behind.sdnb' })
    await tab.click()
    const behind = await workbench().notebook('behind.sdnb')
    await behind.run(0)
    await behind.output('span', { hasText: `run 3 of ${pids[0]}` })
    await behind.save()
    await page.locator('.tab', { hasText: 'other.sdnb' }).click()
    await workbench().reload()
    await expect.poll(() => clientsOf(pids[0])).toBe(1)
    await tab.click({ button: 'middle' })
    await expect.poll(() => isAlive(pids[0])).toBe(false)
    expect(isAlive(pids[1])).toBe(true)
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
    await notebook.run(0)
    await notebook.output('.output', { hasText: new RegExp(`^\\s*(?!${pid})\\d+\\s*$`) })
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

/** How many are connected to the kernel of a process, as Linux tells. */
function clientsOf(pid: number): number {
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const socket = args[args.indexOf('--socket') + 1]
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
  return lines.filter(line => line.endsWith(` ${socket}`)).length - 1 // it listens on one
}

/** Runs the first cell, which tells its kernel's process. */
async function pidIn(notebook: NotebookPage): Promise<number> {
  await notebook.run(0)
  await expect.poll(() => notebook.executionCount(0).innerText(), { timeout: 60_000 }).toMatch(/\[\d+\]/)
  return Number((await (await notebook.output('.output', { hasText: /^\s*\d+\s*$/ })).innerText()).trim())
}
