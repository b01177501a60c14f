import { AsyncLocalStorage } from 'node:async_hooks'
import type { Header } from '../../protocol/messages.js'
import type { Outlet } from './outlet.js'

/** One execution of a cell. All that it starts, timers and promises too, finds it again through {@link currentCell}. */
export interface RunningCell {
  /** the header of its request */
  parent: Header
  outlet: Outlet
  /** aborted when the cell is to stop */
  signal: AbortSignal
  /** it still runs, and an interrupt waits to be heard */
  isStopWanted(): boolean
  /** Ends the cell at once, with this error or, without one, as if it had run through. */
  end(error?: unknown): void
  /** Reports an error that nobody awaits; a cell that still runs has failed then. */
  report(error: unknown): void
}

const storage = new AsyncLocalStorage<RunningCell>()
let latest: RunningCell | undefined

/** The cell whose code runs now, or the latest one for what no cell has started. */
export const currentCell = (): RunningCell | undefined => storage.getStore() ?? latest

/** The cell whose code runs now; none for what no cell has started. */
export const callingCell = (): RunningCell | undefined => storage.getStore()

/** Runs code as the cell's: what it starts is the cell's too. */
export function runInCell<T>(cell: RunningCell, run: () => T): T {
  latest = cell
  return storage.run(cell, run)
}
