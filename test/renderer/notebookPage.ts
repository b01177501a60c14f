import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { ImageDetails } from '../../src/protocol/pictures.js'
import type { ProgressReport } from '../../src/protocol/progress.js'
import type { FromRenderer, ToRenderer } from '../../src/protocol/rendererMessages.js'

/** The built renderer in a page that is to it what VS Code's page of outputs is. */
export interface NotebookPage {
  page: Page
  picture(id: string, png: Uint8Array, image?: ImageDetails | object): Promise<void>
  progress(id: string, report: ProgressReport): Promise<void>
  dispose(id?: string): Promise<void>
  /** what the renderer has sent to the extension since it was asked last */
  sent(): Promise<FromRenderer[]>
  tell(message: ToRenderer): Promise<void>
  /** what reached VS Code, and would have been a command to the notebook */
  keys(): Promise<string[]>
  /** Blob URLs that have not been revoked */
  blobUrls(): Promise<number>
  close(): Promise<void>
}

export interface PageOptions {
  theme?: 'dark' | 'light'
  width?: number
  height?: number
  isTrusted?: boolean
  /** the extension is there */
  hasMessages?: boolean
  /** 0: a place that does not scroll by what it is told */
  wheelSpeed?: number
}

export async function openNotebookPage(browser: Browser, options: PageOptions = {}): Promise<NotebookPage> {
  const { theme = 'dark', width = 1000, height = 800, isTrusted = true, hasMessages = true, wheelSpeed = 1 } = options
  const server = createServer((request, response) => {
    const isScript = request.url === '/renderer.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(
      isScript
        ? readFileSync(join(import.meta.dirname, '../../dist/renderer.js'))
        : pageHtml(theme, { isTrusted, hasMessages, wheelSpeed }),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const context = await browser.newContext({ viewport: { width, height } })
  const { port } = server.address() as AddressInfo
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.waitForFunction('window.notebook')
  const call = <T>(name: string, ...args: unknown[]) =>
    page.evaluate(`notebook.${name}(${args.map(arg => JSON.stringify(arg)).join(', ')})`) as Promise<T>

  return {
    page,
    picture: (id, png, image) => call('picture', id, Buffer.from(png).toString('base64'), image),
    progress: (id, report) => call('progress', id, report),
    dispose: id => call('dispose', id),
    sent: () => call('sent'),
    tell: message => call('tell', message),
    keys: () => call('keys'),
    blobUrls: () => call('blobUrls'),
    async close() {
      await context.close()
      server.close()
    },
  }
}

const variables = (theme: string): Record<string, string> =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/vscode/${theme}-modern.json`), 'utf8'))

/** Laid out, and styled where it matters here, as VS Code 1.139 does. */
const pageHtml = (theme: string, options: object) => `<!doctype html>
<html style="${Object.entries(variables(theme))
  .map(([name, value]) => `${name}: ${value.replaceAll('"', "'")};`)
  .join(' ')}">
<style>
  @layer vscode-default {
    body { margin: 0; color: var(--vscode-editor-foreground); font: var(--vscode-font-size) var(--vscode-font-family); }
    img { max-width: 100%; max-height: 100%; }
  }
  html { background: var(--vscode-editor-background); }
  .output { width: calc(100% - 60px); margin-left: 44px; padding: 8px; box-sizing: border-box; overflow-x: auto; font-size: 14px; }
</style>
<body class="vscode-${theme}" role="document"><div id="container"></div>
<script type="module">
  import { activate } from '/renderer.js'
  const { isTrusted, hasMessages, wheelSpeed } = ${JSON.stringify(options)}
  const [sent, keys, listeners, urls] = [[], [], [], new Set()]
  const { createObjectURL, revokeObjectURL } = URL
  URL.createObjectURL = blob => { const url = createObjectURL(blob); urls.add(url); return url }
  URL.revokeObjectURL = url => { urls.delete(url); revokeObjectURL(url) }
  addEventListener('keydown', event => keys.push(event.key))
  // what it is told of the wheel scrolls the notebook
  addEventListener('wheel', event => { if (!event.isTrusted) scrollBy(0, (wheelSpeed * 50 * -event.wheelDeltaY) / 120) })
  const { renderOutputItem, disposeOutputItem } = activate({
    workspace: { isTrusted },
    ...(hasMessages && { postMessage: message => sent.push(JSON.parse(JSON.stringify(message))) }),
    onDidReceiveMessage: listener => (listeners.push(listener), { dispose() {} }),
  })
  const outputs = new Map()
  async function render(item) {
    let output = outputs.get(item.id)
    if (!output) {
      const element = document.createElement('div')
      element.className = 'output'
      element.id = item.id
      document.getElementById('container').append(element)
      outputs.set(item.id, output = { element })
    }
    output.abort?.abort()
    output.abort = new AbortController()
    await renderOutputItem(item, output.element, output.abort.signal)
  }
  window.notebook = {
    picture: (id, base64, image) => render({
      id, mime: 'application/vnd.sdnb.image', metadata: image === undefined ? {} : { sdnb: { image } },
      data: () => Uint8Array.from(atob(base64), c => c.charCodeAt(0)), json() { throw new SyntaxError('no JSON') },
    }),
    progress: (id, report) => render({
      id, mime: 'application/vnd.sdnb.progress+json', metadata: {},
      data: () => new TextEncoder().encode(JSON.stringify(report)), json: () => report,
    }),
    dispose(id) { disposeOutputItem(id); document.getElementById(id)?.remove(); outputs.delete(id) },
    sent: () => sent.splice(0),
    hasSent: () => sent.length > 0,
    keys: () => keys.splice(0),
    tell: message => listeners.forEach(listener => listener(message)),
    blobUrls: () => urls.size,
  }
</script></body></html>`
