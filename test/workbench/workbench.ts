import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'
import { browserPath } from '../browser.js'
import { NotebookPage } from './notebookPage.js'
import { type Server, type ServerOptions, startServer } from './server.js'

const root = join(import.meta.dirname, '../..')

/** Starting VS Code, and what it does in its first seconds, on a machine with much else to do. */
export const patience = 60_000

const installed = inject('installed')

/** Why there is no VS Code here; '' where there is one. For `describe.skipIf`, and the name of what is skipped. */
export const whyNoWorkbench = 'missing' in installed ? installed.missing : ''

/** A window of a real VS Code, in a real browser; the extension is installed in it from its VSIX. */
export class Workbench implements AsyncDisposable {
  readonly server: Server
  readonly page: Page
  readonly #browser: Browser
  #console: string[] = []

  constructor(server: Server, browser: Browser, page: Page) {
    this.server = server
    this.page = page
    this.#browser = browser
    page.setDefaultTimeout(patience)
    page.on('console', message => this.#console.push(`[${message.type()}] ${message.text()}`))
    page.on('pageerror', error => this.#console.push(`[error] ${error.stack}`))
  }

  /**
   * Opens a fresh workspace folder in the window.
   * @param files name → content
   * @param from a folder that is copied into it first
   * @param payload what else the window is told
   * @returns its path
   */
  async openFolder(files: Record<string, string | Uint8Array>, from?: string, payload?: [string, string][]) {
    const folder = join(mkdtempSync(join(this.server.folder, 'workspace-')), 'notebooks')
    mkdirSync(folder)
    if (from) cpSync(from, folder, { recursive: true })
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    await this.#goto(folder, payload)
    return folder
  }

  async #goto(folder: string, payload: [string, string][] = []) {
    const all = [['skipWelcome', 'true'], ['skipReleaseNotes', 'true'], ...payload]
    await this.page.goto(
      `http://${this.server.authority}/?folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(JSON.stringify(all))}`,
    )
    await this.#untilReady()
  }

  /** Reloads the window. */
  async reload() {
    // not the page's own reload, which VS Code is not asked before: tabs that it has just opened would be lost
    await Promise.all([this.page.waitForEvent('load'), this.command('Developer: Reload Window')])
    await this.#untilReady()
  }

  /** Opens a file from the explorer. */
  async open(name: string) {
    const row = this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name })
    await row.dblclick()
    await this.page.locator('.tab.active', { hasText: name }).waitFor()
  }

  async openNotebook(name: string): Promise<NotebookPage> {
    await this.open(name)
    return this.notebook(name)
  }

  /** The notebook in the active editor. */
  async notebook(name: string): Promise<NotebookPage> {
    const notebook = new NotebookPage(this, name)
    await this.page.locator('.tab.active', { hasText: name }).waitFor()
    // A cell of Markdown is hidden behind the frame that shows it.
    await notebook.editor.locator('.code-cell-row, .markdown-cell-row').first().waitFor({ state: 'attached' })
    return notebook
  }

  /** Runs a command by its title in the palette, as `SD Notebook: Restart Kernel`. */
  async command(title: string) {
    // which commands the palette has is settled as it opens, and on a busy machine a notebook that is shown may not count yet
    for (let attempt = 0; attempt < 3; attempt++) {
      await this.page.keyboard.press('F1')
      const row = await this.row(`>${title}`, title)
      const isThere = await row.waitFor({ timeout: 10_000 }).then(
        () => true,
        () => false,
      )
      if (isThere) return row.click()
      await this.page.keyboard.press('Escape')
    }
    throw new Error(`the palette has no "${title}"`)
  }

  /** Types into the quick input, and takes the row that holds the text. */
  async pick(text: string, row = text) {
    await (await this.row(text, row)).click()
  }

  private async row(text: string, row: string) {
    await this.page.locator('.quick-input-widget input.input').fill(text)
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: row }).first()
  }

  /** Waits for a notification that holds the text; a page that is driven shows none by itself. */
  async notification(text: string | RegExp) {
    await this.page.locator('#status\\.notifications .codicon-bell-dot').waitFor()
    await this.command('Notifications: Show Notifications')
    const notification = this.page.locator('.notifications-center .monaco-list-row', { hasText: text }).first()
    await notification.waitFor()
    return notification
  }

  screenshot(path: string): Promise<Buffer> {
    return this.page.screenshot({ path })
  }

  /** A notification, also one that comes while others are looked at. */
  async told(text: string | RegExp) {
    const center = this.page.locator('.notifications-center')
    const row = center.locator('.monaco-list-row', { hasText: text }).first()
    await expect
      .poll(async () => {
        if (!(await center.isVisible())) await this.command('Notifications: Show Notifications')
        return row.isVisible()
      })
      .toBe(true)
    return row
  }

  /**
   * Keeps what a failed test leaves to look at: a screenshot, the page's console, the logs of the server and of the extension.
   * @returns their folder
   */
  async keepEvidence(name: string): Promise<string> {
    const folder = join(root, 'out', 'workbench', name.replace(/\W+/g, '-'))
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    await this.page.screenshot({ path: join(folder, 'screenshot.png') }).catch(() => {})
    writeFileSync(join(folder, 'console.log'), this.#console.join('\n'))
    cpSync(this.server.log, join(folder, 'server.log'))
    cpSync(join(this.server.folder, 'data', 'logs'), join(folder, 'logs'), { recursive: true })
    return relative(process.cwd(), folder)
  }

  async [Symbol.asyncDispose]() {
    await this.#browser.close()
    await this.server[Symbol.asyncDispose]()
  }

  async #untilReady() {
    await this.page.locator('.explorer-folders-view .monaco-list').waitFor()
    // A file that is opened sooner opens as text: its notebook type is not known yet.
    await this.page.waitForFunction(() => performance.getEntriesByName('code/didLoadExtensions').length > 0)
  }
}

export async function openWorkbench(options?: ServerOptions): Promise<Workbench> {
  if ('missing' in installed) throw new Error(installed.missing)
  const server = await startServer(installed, options)
  try {
    const browser = await chromium.launch({
      executablePath: browserPath,
      args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    return new Workbench(server, browser, page)
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * One workbench for the tests of a `describe` or a file; a test that fails says where its evidence is.
 * @returns the workbench, from within a test
 */
export function useWorkbench(options?: ServerOptions): () => Workbench {
  let workbench: Workbench | undefined
  beforeAll(async () => {
    workbench = await openWorkbench(options)
  }, patience)
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail' || !workbench) return
    const evidence = await workbench.keepEvidence(task.name)
    for (const error of task.result.errors ?? []) error.message += `\nScreenshot and logs: ${evidence}`
  })
  afterAll(async () => {
    await workbench?.[Symbol.asyncDispose]()
  }, patience)
  return () => workbench!
}
