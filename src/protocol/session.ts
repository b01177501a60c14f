/**
 * The comm `sdnb.session`, by which a client looks into the session: `{ stale: StaleCell[] }` comes when it opens and after each cell;
 * `{ request: 'state' }` is answered by a {@link SessionState}, as soon as no cell holds the main thread. Where it was opened with
 * `{ diagnostics: true }`, `{ diagnostics: SessionDiagnostics }` comes when TypeScript has looked at a cell that ran.
 */
export const sessionTarget = 'sdnb.session'

/** What a session holds, for a person to look at. */
export interface SessionState {
  variables: Variable[]
  pipelines: LoadedPipeline[]
  /** resident, bytes: of the kernel's own process, and of those that run its pipelines */
  memory: { kernel: number; engines: number }
}

export interface Variable {
  name: string
  /** as `number`, `Map`, `Tensor` */
  type: string
  /** one short line */
  value: string
  /** as `3 items`, `512 × 512`; absent where there is nothing to count */
  size?: string
}

export interface LoadedPipeline {
  name: string
  type: string
  /** that really runs */
  device: string
  /** resident in the process that runs it, with all else of that device; 0 before its first use */
  bytes: number
}

/** A cell that has read names which have another value by now. */
export interface StaleCell {
  /** the cell's id, where the client tells it */
  cell?: string
  execution_count: number
  /** what it has read, and is otherwise now */
  names: string[]
}

/** What TypeScript has to say of a cell that has run. */
export interface SessionDiagnostics {
  /** the cell's id, where the client tells it */
  cell?: string
  execution_count: number
  items: SessionDiagnostic[]
}

/** From `start` to before `end`, UTF-16 code units of the cell's text. */
export interface SessionDiagnostic {
  start: number
  end: number
  severity: 'error' | 'warning'
  /** TypeScript's: 2304 is TS2304 */
  code: number
  message: string
}
