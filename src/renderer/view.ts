import type { OutputItem } from './api.js'

/** What is shown of one output. */
export interface View {
  /**
   * Shows an item, in place of what was shown before.
   * @throws Error with what a reader can do something with, where the item is broken
   */
  show(item: OutputItem, signal: AbortSignal): void | Promise<void>
  dispose(): void
}
