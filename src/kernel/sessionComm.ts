import type { Diagnostic } from '../language/serverProtocol.js'
import type { JsonValue } from '../protocol/mime.js'
import type { CommTarget } from './comms.js'
import type { StaleCell } from './stale.js'
import type { SessionState } from './threads.js'

/**
 * The comm that a client opens to look into the session. It hears `{ stale }`, the cells whose names have changed, when it opens and
 * after each cell; then, when TypeScript has looked at the cell, `{ diagnostics: { cell, execution_count, items } }`, each item with the
 * range that it is about, in UTF-16 code units; `{ request: 'state' }` is answered by `{ variables, pipelines }`, as soon as no cell holds the main thread.
 */
export const sessionTarget = 'sdnb.session'

export const staleData = (stale: StaleCell[]) => ({ stale }) as unknown as { [key: string]: JsonValue }

export const diagnosticsData = (cell: string | undefined, execution_count: number, items: Diagnostic[]) =>
  ({ diagnostics: { ...(cell !== undefined && { cell }), execution_count, items } }) as unknown as {
    [key: string]: JsonValue
  }

export const sessionComm =
  (stale: () => StaleCell[], state: () => Promise<SessionState>): CommTarget =>
  async ({ request }) => {
    if (request === undefined) return staleData(stale())
    if (request === 'state') return { ...(await state()) } as unknown as { [key: string]: JsonValue }
    return { error: `request: expected 'state', got ${JSON.stringify(request)}` }
  }
