import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notebookOf } from './notebookFile.js'
import { heedsReadOnly } from './server.js'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`files in VS Code ${whyNoWorkbench}`, () => {
  const workbench = useWorkbench()

  test('a corrupt file tells what is wrong and where, and stays as it is', async () => {
    const corrupt = '{\n  "nbformat": 4,\n  "cells": [}\n'
    const folder = await workbench().openFolder({ 'corrupt.sdnb': corrupt })
    await workbench().open('corrupt.sdnb')
    await workbench()
      .page.locator('.monaco-dialog-box', { hasText: /line 3, column 13/ })
      .waitFor()
    expect(readFileSync(join(folder, 'corrupt.sdnb'), 'utf8')).toBe(corrupt)
  })

  test('a file of 0 bytes is a new notebook; what is run in it is saved', async () => {
    const folder = await workbench().openFolder({ 'empty.sdnb': '' })
    const notebook = await workbench().openNotebook('empty.sdnb')
    await notebook.edit(0, "'new ' + 'text'")
    await notebook.run(0)
    await notebook.output('.output', { hasText: 'new text' })
    await notebook.save()
    const [cell] = JSON.parse(readFileSync(join(folder, 'empty.sdnb'), 'utf8')).cells
    expect(cell).toMatchObject({ source: ["'new ' + 'text'"], execution_count: null })
    expect(cell.outputs[0].data['text/plain']).toEqual(["'new text'"])
  })

  test('a notebook of 20 MB opens, shows its pictures, and is byte for byte the same when saved', async () => {
    const text = bigNotebook()
    expect(text.length).toBeGreaterThan(20e6)
    const folder = await workbench().openFolder({ 'big.sdnb': text })
    await workbench().open('big.sdnb')
    await workbench().page.getByRole('button', { name: 'Open Anyway' }).click()
    const notebook = await workbench().notebook('big.sdnb')
    await notebook.output('img')
    // a change there and back, so that VS Code writes the file
    await notebook.edit(0, 'changed')
    await notebook.edit(0, '0')
    await notebook.save()
    expect(readFileSync(join(folder, 'big.sdnb'), 'utf8') === text).toBe(true)
  })

  test.skipIf(!heedsReadOnly)('a read-only file opens and runs, and its save is refused', async () => {
    const text = notebookOf('1 + 1')
    const folder = await workbench().openFolder({ 'fixed.sdnb': text })
    chmodSync(join(folder, 'fixed.sdnb'), 0o444)
    const notebook = await workbench().openNotebook('fixed.sdnb')
    await notebook.run(0)
    await notebook.output('.output', { hasText: '2' })
    await workbench().page.keyboard.press('Control+S')
    await workbench().notification(/Failed to save 'fixed.sdnb'/)
    expect(readFileSync(join(folder, 'fixed.sdnb'), 'utf8')).toBe(text)
  })

  test('two notebooks at once have a kernel each', async () => {
    await workbench().openFolder({
      'one.sdnb': notebookOf('const name = "one"', 'name + process.pid'),
      'two.sdnb': notebookOf('typeof name', 'process.pid'),
    })
    const one = await workbench().openNotebook('one.sdnb')
    await one.runAll()
    const first = await (await one.output('.output', { hasText: /one\d+/ })).innerText()
    const two = await workbench().openNotebook('two.sdnb')
    await two.runAll()
    await two.output('.output', { hasText: 'undefined' })
    const second = await (await two.output('.output', { hasText: /^\s*\d+/ })).innerText()
    expect(first).not.toContain(second.trim())
  })
})

/** 40 pictures' worth of bytes in outputs, each larger than half a megabyte. */
function bigNotebook(): string {
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const png = Buffer.concat([Buffer.from(pixel, 'base64'), Buffer.alloc(400_000, 7)]).toString('base64')
  const notebook = JSON.parse(notebookOf(...Array.from({ length: 40 }, (_, i) => `${i}`)))
  for (const cell of notebook.cells)
    cell.outputs = [{ data: { 'image/png': png }, metadata: {}, output_type: 'display_data' }]
  return `${JSON.stringify(notebook, null, 1)}\n`
}
