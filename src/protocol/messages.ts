/**
 * Jupyter messages as data (https://jupyter-client.readthedocs.io/en/stable/messaging.html, version 5.5).
 * A request goes to the kernel on `shell` or `control` and gets one reply there; what a cell prints and shows comes on
 * `iopub`. `parent_header` names the request a message belongs to; of one request, `status: idle` is the last.
 * In memory and between our processes a binary mime value is bytes; base64 is for files and Jupyter's wire.
 */
import type { MimeBundle } from './mime.js'

export type Message = Request | Reply | Output

export type Request = ExecuteRequest | InterruptRequest | ShutdownRequest
export type Reply = ExecuteReply | InterruptReply | ShutdownReply
export type Output =
  | Status
  | ExecuteInput
  | ExecuteResult
  | DisplayData
  | UpdateDisplayData
  | Stream
  | ErrorOutput
  | ClearOutput

export type MessageOf<Type extends Message['header']['msg_type']> = Extract<Message, { header: { msg_type: Type } }>

export interface Header<Type extends string = string> {
  msg_id: string
  msg_type: Type
  session: string
  username: string
  /** ISO 8601 */
  date: string
  version: '5.5'
}

interface Base<Type extends string, Channel extends 'shell' | 'control' | 'iopub', Content> {
  channel: Channel
  header: Header<Type>
  /** the header of the request that caused this message; `{}` in a request */
  parent_header: Header | Record<string, never>
  metadata: Record<string, unknown>
  content: Content
}

export type ExecuteRequest = Base<
  'execute_request',
  'shell',
  {
    code: string
    /** no output of the last expression and no execution count; the cell's own output is shown all the same */
    silent: boolean
    /** counts as an execution; false with `silent` */
    store_history: boolean
    /** requests that wait behind one that failed are not run */
    stop_on_error: boolean
  }
>

export type ExecuteReply = Base<
  'execute_reply',
  'shell',
  | { status: 'ok'; execution_count: number; payload: []; user_expressions: Record<string, never> }
  | ({ status: 'error'; execution_count: number } & ErrorContent)
  | { status: 'aborted'; execution_count: number }
>

export type InterruptRequest = Base<'interrupt_request', 'control', Record<string, never>>
export type InterruptReply = Base<'interrupt_reply', 'control', { status: 'ok' }>

export type ShutdownRequest = Base<'shutdown_request', 'control', { restart: boolean }>
export type ShutdownReply = Base<'shutdown_reply', 'control', { status: 'ok'; restart: boolean }>

export type Status = Base<'status', 'iopub', { execution_state: 'starting' | 'busy' | 'idle' }>

export type ExecuteInput = Base<'execute_input', 'iopub', { code: string; execution_count: number }>

export type ExecuteResult = Base<
  'execute_result',
  'iopub',
  { execution_count: number; data: MimeBundle; metadata: Record<string, unknown> }
>

export interface DisplayContent {
  data: MimeBundle
  metadata: Record<string, unknown>
  /** `display_id`: a later `update_display_data` with it replaces this display, wherever it is shown */
  transient: { display_id?: string }
}
export type DisplayData = Base<'display_data', 'iopub', DisplayContent>
export type UpdateDisplayData = Base<'update_display_data', 'iopub', DisplayContent>

export type Stream = Base<'stream', 'iopub', { name: 'stdout' | 'stderr'; text: string }>

export interface ErrorContent {
  ename: string
  evalue: string
  /** lines; a frame in a cell reads `Cell In[3], line 2` */
  traceback: string[]
}
export type ErrorOutput = Base<'error', 'iopub', ErrorContent>

/** `wait`: clear only when the next output comes, so that nothing flickers. */
export type ClearOutput = Base<'clear_output', 'iopub', { wait: boolean }>

type Content<Type extends Message['header']['msg_type']> = MessageOf<Type>['content']

/** A new message; `parent` is the header of the request that caused it. */
export function message<Type extends Message['header']['msg_type']>(
  type: Type,
  content: Content<Type>,
  parent: Header | Record<string, never> = {},
): MessageOf<Type> {
  const header = {
    msg_id: crypto.randomUUID(),
    msg_type: type,
    session: 'session' in parent ? String(parent.session) : crypto.randomUUID(),
    username: 'username' in parent ? String(parent.username) : 'sdnb',
    date: new Date().toISOString(),
    version: '5.5' as const,
  }
  return { channel: channelOf(type), header, parent_header: parent, metadata: {}, content } as MessageOf<Type>
}

function channelOf(type: Message['header']['msg_type']): Message['channel'] {
  if (type.startsWith('interrupt_') || type.startsWith('shutdown_')) return 'control'
  return type === 'execute_request' || type === 'execute_reply' ? 'shell' : 'iopub'
}
