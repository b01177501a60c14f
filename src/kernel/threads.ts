/**
 * What the two threads of a kernel's process say to each other. Cells run on the main thread, where a cell may hold everything up;
 * the kernel's protocol lives in a thread of its own, which always answers (`kernelProcess.ts`, `kernelThread.ts`).
 */
import type { ErrorContent, Header, Output, UserExpression } from '../protocol/messages.js'
import type { SessionState } from '../protocol/session.js'

/** Two Int32 in shared memory: their places. */
export const stopFlags = {
  /** 1 when V8 has been asked to end what the main thread runs */
  go: 0,
  /** the number of the last interrupt that was asked for */
  wanted: 1,
} as const

/** To the main thread. */
export type ToRunner =
  | { type: 'execute'; cell: CellToRun }
  /** stop what runs; answered by `interrupted` with the same number */
  | { type: 'interrupt'; number: number }
  | { type: 'session'; id: string }
  /** clients can connect */
  | { type: 'listening' }
  | { type: 'exit' }

/** From the main thread. */
export type FromRunner =
  | { type: 'output'; message: Output }
  /** by the cell of the request of that id */
  | { type: 'print'; id: string; name: 'stdout' | 'stderr'; text: string }
  | { type: 'ended'; id: string; outcome: Outcome }
  | { type: 'interrupted'; number: number }
  /** the main thread is about to be ended by force, and waits */
  | { type: 'stopping' }
  /** the main thread waits for the answer, an {@link InputAnswer} */
  | { type: 'input'; parent: Header; prompt: string; password: boolean }
  | { type: 'session'; id: string; session: SessionState }
  /** the process ends, as soon as the thread is {@link ThreadData.closed} */
  | { type: 'close' }

/** One execution of a cell. */
export interface CellToRun {
  /** of its request; its `msg_id` names the execution */
  header: Header
  code: string
  /** the `n` of `Cell In[n]` */
  count: number
  silent: boolean
  /** name → expression, evaluated when the cell has run */
  expressions: Record<string, string>
}

export type Outcome = { names?: CellNames } & (
  | { status: 'ok'; expressions: Record<string, UserExpression> }
  | { status: 'error'; error: ErrorContent }
)

/** How a cell that could be compiled touched the session's names. */
export interface CellNames {
  /** names of other cells that it uses */
  reads: string[]
  /** names that have another value than before it ran */
  changed: string[]
}

export type InputAnswer = { value: string } | { interrupted: true } | { error: string }

/** What the thread is started with. */
export interface ThreadData {
  input: { port: import('node:worker_threads').MessagePort; flag: SharedArrayBuffer }
  /** {@link stopFlags} */
  stop: SharedArrayBuffer
  /** one Int32 that becomes 1 when the thread holds no connection any more */
  closed: SharedArrayBuffer
  serve: ServeOptions
}

export type ServeOptions =
  | { connectionFile: string }
  /** the kernel ends `lingerMs` after its last client has left */
  | { socket: string; token: string; lingerMs: number }
