import type { JsonValue } from '../protocol/mime.js'
import type { SessionDiagnostics, SessionState, StaleCell } from '../protocol/session.js'
import type { CommTarget } from './comms.js'

export const staleData = (stale: StaleCell[]) => ({ stale }) as unknown as { [key: string]: JsonValue }

export const diagnosticsData = (diagnostics: SessionDiagnostics) =>
  ({ diagnostics }) as unknown as { [key: string]: JsonValue }

/** `sdnb.session` (`protocol/session.ts`). */
export const sessionComm =
  (stale: () => StaleCell[], state: () => Promise<SessionState>, tellDiagnostics: () => void): CommTarget =>
  async ({ request, diagnostics }) => {
    if (diagnostics === true) tellDiagnostics()
    if (request === undefined) return staleData(stale())
    if (request === 'state') return { ...(await state()) } as unknown as { [key: string]: JsonValue }
    return { error: `request: expected 'state', got ${JSON.stringify(request)}` }
  }
