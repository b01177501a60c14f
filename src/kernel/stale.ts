import type { StaleCell } from '../protocol/session.js'
import type { CellNames } from './threads.js'

export interface StaleMarks {
  /** A cell has run. */
  ran(run: { cell?: string; code: string; count: number; names: CellNames }): void
  /** in the order of their last runs */
  cells(): StaleCell[]
}

/** Knows the cells that would show something else if they ran again. */
export function createStaleMarks(): StaleMarks {
  const runs = new Map<string, StaleCell & { reads: Set<string> }>()

  return {
    ran({ cell, code, count, names: { reads, changed } }) {
      // a client that tells no ids runs a cell again by its text
      const key = cell === undefined ? `text ${code}` : `id ${cell}`
      runs.delete(key)
      for (const other of runs.values())
        for (const name of changed) if (other.reads.has(name) && !other.names.includes(name)) other.names.push(name)
      runs.set(key, { ...(cell !== undefined && { cell }), execution_count: count, names: [], reads: new Set(reads) })
    },
    cells: () => [...runs.values()].filter(({ names }) => names.length).map(({ reads: _, ...stale }) => stale),
  }
}
