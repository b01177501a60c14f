import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { notebookToHtml } from '../../src/notebook/html.js'
import type { Notebook } from '../../src/notebook/nbformat.js'
import { browserPath, launchBrowser } from '../browser.js'

const wide = `const text = '${'long '.repeat(60)}'`
const green =
  '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40" fill="green"/></svg>'
const notebookWith = (host: string): Notebook => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    { cell_type: 'markdown', id: 'a', metadata: {}, source: `# Page\n\n![far](${host}/far.png)` },
    {
      cell_type: 'code',
      id: 'b',
      metadata: {},
      source: wide,
      execution_count: 1,
      outputs: [
        { output_type: 'display_data', data: { 'image/svg+xml': green }, metadata: {} },
        {
          output_type: 'display_data',
          data: { 'text/html': `<b>caged</b><script>parent.ran = 1</script><img src="${host}/near.png">` },
          metadata: {},
        },
      ],
    },
  ],
})

/** What the page asked a server for that its pictures name. */
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url!)
  response.end()
})

let browser: Browser
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  if (browserPath) browser = await launchBrowser()
})
afterAll(async () => {
  server.close()
  await browser?.close()
})

async function opened(options: BrowserContextOptions): Promise<Page> {
  const file = join(mkdtempSync(join(tmpdir(), 'sdnb-html-')), 'page.html')
  const { port } = server.address() as AddressInfo
  writeFileSync(file, notebookToHtml(notebookWith(`http://127.0.0.1:${port}`)))
  const page = await browser.newPage(options)
  await page.goto(pathToFileURL(file).href, { waitUntil: 'networkidle' })
  return page
}

test.skipIf(!browserPath).for([
  ['a phone', { viewport: { width: 360, height: 700 } }],
  ['a desktop', { viewport: { width: 1400, height: 900 } }],
] as const)('on %s nothing is wider than the screen, and code scrolls in its own box', async ([, options]) => {
  const page = await opened(options)
  const width = await page.evaluate('document.documentElement.scrollWidth')
  expect(width).toBe(options.viewport.width)
  expect(await page.evaluate('(e => e.scrollWidth > e.clientWidth)(document.querySelector(".source pre"))')).toBe(true)
  await page.close()
})

test.skipIf(!browserPath)('it loads nothing, runs no script, and shows what an HTML output says', async () => {
  const page = await opened({})
  expect(asked).toEqual([])
  expect(await page.evaluate('window.ran')).toBeUndefined()
  expect(await page.frames()[1].locator('b').innerText()).toBe('caged')
  expect(await page.evaluate('[...document.images].map(i => [i.complete, i.naturalWidth, i.naturalHeight])')).toEqual([
    [true, 80, 40],
  ])
  await page.close()
})

test.skipIf(!browserPath)('it is light or dark as the reader’s system is', async () => {
  const brightness = async (colorScheme: 'light' | 'dark') => {
    const page = await opened({ colorScheme })
    const colour = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    await page.close()
    return Math.max(...colour.match(/\d+/g)!.map(Number))
  }
  expect(await brightness('light')).toBeGreaterThan(230)
  expect(await brightness('dark')).toBeLessThan(60)
})
