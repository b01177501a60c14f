import type { Frame, Locator } from 'playwright-core'
import { patience, type Workbench } from './workbench.js'

/** A notebook in the active editor of a workbench. */
export class NotebookPage {
  readonly #workbench: Workbench
  readonly name: string

  constructor(workbench: Workbench, name: string) {
    this.#workbench = workbench
    this.name = name
  }

  get editor(): Locator {
    return this.#workbench.page.locator('.notebookOverlay:visible')
  }

  /** A cell in sight, counted from 0. */
  cell(index: number): Locator {
    return this.editor.locator(`.monaco-list-row[data-index="${index}"]`)
  }

  /** Scrolls, from the top, until a cell is in sight and what it shows is drawn. */
  async scrollTo(index: number) {
    // beside the cells: their outputs' frame takes the wheel for itself
    await this.editor.hover({ position: { x: 8, y: 300 } })
    await this.#wheelTo(0, -2000)
    await this.#wheelTo(index, 200)
  }

  async #wheelTo(index: number, step: number) {
    for (const end = Date.now() + patience; !(await this.#isInSight(index)); ) {
      if (Date.now() > end) throw new Error(`Cell ${index} of ${this.name} did not come in sight`)
      // VS Code takes any turn for one notch; four are less than half an editor
      for (let notch = 0; notch < 4; notch++) await this.#workbench.page.mouse.wheel(0, step)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  async #isInSight(index: number): Promise<boolean> {
    if ((await this.cell(index).count()) === 0) return false
    const [cell, editor] = await Promise.all([
      this.cell(index)
        .boundingBox({ timeout: 200 })
        .catch(() => null),
      this.editor.boundingBox(),
    ])
    return !!cell && !!editor && cell.y >= editor.y && cell.y < editor.y + editor.height / 2
  }

  async runAll() {
    await this.#workbench.page.getByRole('button', { name: 'Run All' }).first().click()
  }

  /** Puts the cursor into a code cell. */
  async focus(index: number) {
    const editor = this.cell(index).locator('.monaco-editor')
    // a click on a notebook that is still being laid out is lost
    for (const end = Date.now() + patience; Date.now() < end; ) {
      await editor.locator('.view-lines').click()
      const isFocused = this.cell(index).locator('.monaco-editor.focused').waitFor({ timeout: 2000 })
      if (
        await isFocused.then(
          () => true,
          () => false,
        )
      )
        return
    }
    throw new Error(`Cell ${index} of ${this.name} does not take the cursor`)
  }

  /** Runs a code cell, by its keyboard shortcut. */
  async run(index: number) {
    await this.focus(index)
    await this.#workbench.page.keyboard.press('Control+Enter')
  }

  /** Replaces the text of a code cell. */
  async edit(index: number, text: string) {
    await this.focus(index)
    await this.#workbench.page.keyboard.press('Control+A')
    await this.#workbench.page.keyboard.insertText(text)
  }

  /** Saves what has changed. */
  async save() {
    const changed = this.#workbench.page.locator('.tab.active.dirty')
    await changed.waitFor()
    await this.#workbench.page.keyboard.press('Control+S')
    await changed.waitFor({ state: 'detached' })
  }

  /** The execution count that a code cell shows, as `[3]`. */
  executionCount(index: number): Locator {
    return this.cell(index).locator('.execution-count-label')
  }

  /** The first element of any output that matches; outputs live in a frame of their own. */
  async output(
    selector: string,
    { hasText, timeout = patience }: { hasText?: string | RegExp; timeout?: number } = {},
  ) {
    for (const end = Date.now() + timeout; Date.now() < end; ) {
      for (const frame of this.#outputFrames()) {
        const found = frame.locator(selector, { hasText }).first()
        if (await found.isVisible().catch(() => false)) return found
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    const texts = await Promise.all(
      this.#outputFrames().map(frame =>
        frame
          .locator('body')
          .innerText()
          .catch(() => ''),
      ),
    )
    throw new Error(
      `Expected an output ${selector} ${hasText ?? ''} but received, after ${timeout} ms:\n${texts.join('\n')}`,
    )
  }

  #outputFrames(): Frame[] {
    return this.#workbench.page.frames().filter(frame => frame.url().includes('fake.html'))
  }
}
