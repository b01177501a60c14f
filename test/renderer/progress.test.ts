import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ProgressReport } from '../../src/protocol/progress.js'
import { browserPath, launchBrowser } from '../browser.js'
import { type NotebookPage, openNotebookPage } from './notebookPage.js'
import { painted, red } from './pictures.js'

let browser: Browser
let notebook: NotebookPage
let png: string
beforeAll(async () => {
  png = Buffer.from(await painted(red, 8, 8).toPNG()).toString('base64')
  if (browserPath) browser = await launchBrowser()
})
afterEach(() => notebook?.close())
afterAll(() => browser?.close())

/** A step takes 500 ms, the first one 3 s more. */
const report = (step: number, more: Partial<ProgressReport> = {}): ProgressReport => ({
  ...{ version: 1, id: 'p', label: 'Denoising', step, total: 50, unit: 'step', device: 'cpu', done: false },
  ...{ elapsed: 3000 + step * 500, previews: [{ width: 8, height: 8, png }] },
  ...more,
})
const done = (step = 50): ProgressReport => {
  const { elapsed: _, previews: __, ...rest } = report(step)
  return { ...rest, done: true }
}
const text = (part: string) => notebook.page.locator(`#p .sdnb-${part}`).innerText()
const boxOf = (selector: string) => notebook.page.locator(selector).boundingBox()

describe.skipIf(!browserPath)('progress', () => {
  test('bar, rate and time left, whose first step is not counted; previews enlarged; the same elements in the same place', async () => {
    notebook = await openNotebookPage(browser)
    const { page, progress } = notebook
    await progress('p', report(1))
    const before = await boxOf('#p')
    expect(await boxOf('#p .sdnb-preview')).toMatchObject({ width: 160, height: 160 })
    await page.evaluate('document.querySelectorAll("#p *").forEach(each => { each.mark = 1 })')
    for (const step of [2, 10, 11]) await progress('p', report(step))
    expect([await text('label'), await text('count'), await text('rate'), await text('left')]).toEqual([
      ...['Denoising', '11 of 50', '2.0 it/s', '0:20 left'],
    ])
    const bar = page.getByRole('progressbar', { name: 'Denoising' })
    expect(await bar.getAttribute('aria-valuenow')).toBe('11')
    expect(await bar.getAttribute('aria-valuetext')).toBe('11 of 50, 0:20 left')
    expect(await page.evaluate('[...document.querySelectorAll("#p *")].every(each => each.mark)')).toBe(true)
    expect(await boxOf('#p')).toEqual(before)
    // one that has no preview leaves what there is
    await progress('p', report(12, { previews: undefined }))
    expect(await page.locator('#p .sdnb-preview').count()).toBe(1)
    expect(await boxOf('#p')).toEqual(before)
  })

  test('when it is done one quiet line is left', async () => {
    notebook = await openNotebookPage(browser)
    await notebook.progress('p', report(50))
    await notebook.progress('p', done())
    expect((await notebook.page.locator('#p .sdnb').innerText()).split(/\s*\n\s*/)).toEqual([
      'Denoising',
      '50 of 50',
      'cpu',
    ])
    expect((await boxOf('#p .sdnb'))!.height).toBeLessThan(40)
    expect(await notebook.page.locator('#p button').count()).toBe(0)
    await notebook.progress('p', done(17))
    expect(await text('rate')).toBe('stopped · cpu')
  })

  test('Stop asks once, says so, and is no command to the notebook', async () => {
    notebook = await openNotebookPage(browser)
    const { page } = notebook
    await notebook.progress('p', report(3))
    expect(await notebook.sent()).toEqual([{ type: 'kernel' }])
    await page.getByRole('button', { name: 'Stop' }).focus()
    await page.keyboard.press('Enter')
    const stop = page.getByRole('button', { name: 'Stopping…' })
    expect(await stop.isDisabled()).toBe(true)
    await notebook.progress('p', report(4))
    expect(await stop.isDisabled()).toBe(true)
    expect([await notebook.sent(), await notebook.keys()]).toEqual([[{ type: 'stop' }], []])
  })

  test('a call that no kernel goes on with is told to be stopped, until it is heard of again', async () => {
    notebook = await openNotebookPage(browser)
    await notebook.progress('p', report(3))
    await notebook.tell({ type: 'kernel', isBusy: true })
    expect(await text('left')).toBe('1:11 left')
    await notebook.tell({ type: 'kernel', isBusy: false })
    expect(await text('rate')).toBe('stopped · cpu')
    await notebook.progress('p', report(4))
    expect(await notebook.page.getByRole('button', { name: 'Stop' }).count()).toBe(1)
  })

  test.each([{ isTrusted: false }, { hasMessages: false }])(
    'there is no Stop where nothing can be stopped: %j',
    async options => {
      notebook = await openNotebookPage(browser, options)
      await notebook.progress('p', report(3))
      expect(await notebook.page.getByRole('button').count()).toBe(0)
      expect(await text('count')).toBe('3 of 50')
    },
  )

  test('a download counts megabytes, and keeps its line on a narrow page', async () => {
    notebook = await openNotebookPage(browser, { width: 560 })
    const download = {
      label: 'Downloading unet/diffusion_pytorch_model.safetensors',
      unit: 'byte',
      total: 1.72e9,
    } as const
    await notebook.progress('p', report(43e7, { ...download, elapsed: 20_000, previews: undefined }))
    expect([await text('count'), await text('rate'), await text('left')]).toEqual([
      ...['430.0 of 1720.0 MB', '21.5 MB/s', '1:00 left'],
    ])
    const boxes = await Promise.all(
      ['label', 'track', 'count', 'rate', 'left', 'stop'].map(part => boxOf(`#p .sdnb-${part}`)),
    )
    for (const [i, box] of boxes.slice(1).entries())
      expect(box!.x).toBeGreaterThanOrEqual(boxes[i]!.x + boxes[i]!.width)
    expect((await boxOf('#p .sdnb'))!.height).toBeLessThan(40)
  })

  test('a report that is none: a reader is told', async () => {
    notebook = await openNotebookPage(browser)
    await notebook.progress('p', { label: 'x' } as ProgressReport)
    expect(await notebook.page.getByRole('alert').innerText()).toMatch(/expected a step and a total/)
  })
})
