/**
 * Jupyter messages as data (https://jupyter-client.readthedocs.io/en/stable/messaging.html, version 5.5).
 * A client asks on `shell`, or on `control` to be heard at once, and gets one reply there; the kernel asks back on `stdin`; what a cell
 * prints and shows comes on `iopub`, to every client. `parent_header` names the request a message belongs to; of one request,
 * `status: idle` is the last, but for what its cell says later.
 * In memory and between our processes a binary mime value is bytes; base64 is for files and Jupyter's wire.
 */
import type { JsonValue, MimeBundle } from './mime.js'

export type Message = Request | Reply | Output | InputRequest | CommMessage

export type Request =
  | KernelInfoRequest
  | ExecuteRequest
  | InspectRequest
  | CompleteRequest
  | IsCompleteRequest
  | HistoryRequest
  | CommInfoRequest
  | InterruptRequest
  | ShutdownRequest
  | InputReply
export type Reply =
  | KernelInfoReply
  | ExecuteReply
  | InspectReply
  | CompleteReply
  | IsCompleteReply
  | HistoryReply
  | CommInfoReply
  | InterruptReply
  | ShutdownReply
export type Output =
  | Status
  | ExecuteInput
  | ExecuteResult
  | DisplayData
  | UpdateDisplayData
  | Stream
  | ErrorOutput
  | ClearOutput
  | IopubWelcome

export type MessageOf<Type extends MessageType> = Extract<Message, { header: { msg_type: Type } }>
export type MessageType = Message['header']['msg_type']

export interface Header<Type extends string = string> {
  msg_id: string
  msg_type: Type
  session: string
  username: string
  /** ISO 8601 */
  date: string
  version: string
}

export type Channel = 'shell' | 'control' | 'stdin' | 'iopub'

interface Base<Type extends string, On extends Channel, Content> {
  channel: On
  header: Header<Type>
  /** the header of the request that caused this message; `{}` in a request */
  parent_header: Header | Record<string, never>
  metadata: Record<string, unknown>
  content: Content
  /** what belongs to the content and is no JSON */
  buffers?: Uint8Array[]
}

/** A request that could not be carried out. */
export interface Failure {
  status: 'error'
  ename: string
  evalue: string
  traceback: string[]
}
type OrFailure<Content> = ({ status: 'ok' } & Content) | Failure
type Nothing = Record<string, never>

export type KernelInfoRequest = Base<'kernel_info_request', 'shell' | 'control', Nothing>
export type KernelInfoReply = Base<'kernel_info_reply', 'shell' | 'control', OrFailure<KernelInfo>>
export interface KernelInfo {
  protocol_version: string
  implementation: string
  implementation_version: string
  language_info: {
    name: string
    version: string
    mimetype: string
    file_extension: string
    pygments_lexer: string
    codemirror_mode: string
    nbconvert_exporter: string
  }
  banner: string
  debugger: boolean
  help_links: { text: string; url: string }[]
  supported_features: string[]
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
    /** name → expression, evaluated when the cell has run */
    user_expressions: Record<string, string>
    /** whether the client answers `input_request` */
    allow_stdin: boolean
    /** requests that wait behind one that failed are not run */
    stop_on_error: boolean
  }
>
export type ExecuteReply = Base<
  'execute_reply',
  'shell',
  | { status: 'ok'; execution_count: number; payload: []; user_expressions: Record<string, UserExpression> }
  | ({ status: 'error'; execution_count: number } & ErrorContent)
  | { status: 'aborted'; execution_count: number }
>
export type UserExpression = OrFailure<{ data: MimeBundle; metadata: Record<string, unknown> }>

export type InspectRequest = Base<
  'inspect_request',
  'shell',
  { code: string /** in code points */; cursor_pos: number; detail_level: 0 | 1 }
>
export type InspectReply = Base<
  'inspect_reply',
  'shell',
  OrFailure<{ found: boolean; data: MimeBundle; metadata: Record<string, unknown> }>
>

export type CompleteRequest = Base<
  'complete_request',
  'shell',
  { code: string /** in code points */; cursor_pos: number }
>
export type CompleteReply = Base<
  'complete_reply',
  'shell',
  OrFailure<{ matches: string[]; cursor_start: number; cursor_end: number; metadata: Record<string, unknown> }>
>

export type IsCompleteRequest = Base<'is_complete_request', 'shell', { code: string }>
export type IsCompleteReply = Base<
  'is_complete_reply',
  'shell',
  { status: 'complete' | 'invalid' | 'unknown' } | { status: 'incomplete'; indent: string }
>

export type HistoryRequest = Base<
  'history_request',
  'shell',
  {
    hist_access_type: 'range' | 'tail' | 'search'
    /** with each cell the text of its result */
    output?: boolean
    raw?: boolean
    /** of a range: 0 is this session, the only one that is kept */
    session?: number
    start?: number
    stop?: number
    n?: number
    /** `*` and `?` stand for any text and any character */
    pattern?: string
    unique?: boolean
  }
>
export type HistoryReply = Base<
  'history_reply',
  'shell',
  OrFailure<{ history: [session: number, line: number, input: string | [input: string, output: string | null]][] }>
>

export type CommInfoRequest = Base<'comm_info_request', 'shell', { target_name?: string }>
export type CommInfoReply = Base<
  'comm_info_reply',
  'shell',
  OrFailure<{ comms: Record<string, { target_name: string }> }>
>

/** Either side may send these, the client on `shell`, the kernel on `iopub`. */
export type CommMessage = CommOpen | CommMsg | CommClose
export type CommOpen = Base<'comm_open', 'shell' | 'iopub', { comm_id: string; target_name: string; data: CommData }>
export type CommMsg = Base<'comm_msg', 'shell' | 'iopub', { comm_id: string; data: CommData }>
export type CommClose = Base<'comm_close', 'shell' | 'iopub', { comm_id: string; data: CommData }>
type CommData = { [key: string]: JsonValue }

export type InterruptRequest = Base<'interrupt_request', 'control', Nothing>
export type InterruptReply = Base<'interrupt_reply', 'control', { status: 'ok' } | Failure>

export type ShutdownRequest = Base<'shutdown_request', 'control' | 'shell', { restart: boolean }>
export type ShutdownReply = Base<'shutdown_reply', 'control' | 'shell' | 'iopub', OrFailure<{ restart: boolean }>>

/** The kernel asks the client whose cell runs. */
export type InputRequest = Base<'input_request', 'stdin', { prompt: string; password: boolean }>
export type InputReply = Base<'input_reply', 'stdin', { value: string }>

export type Status = Base<'status', 'iopub', { execution_state: 'starting' | 'busy' | 'idle' }>

/** To a client that has just subscribed to `iopub`, so that it knows it misses nothing from now on. */
export type IopubWelcome = Base<'iopub_welcome', 'iopub', { subscription: string }>

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

// A cell may replace the globals of its process.
const newId = crypto.randomUUID.bind(crypto)
const Now = Date

/** A new message, on the channel where its type goes; `parent` is the header of the request that caused it. */
export function message<Type extends MessageType>(
  type: Type,
  content: MessageOf<Type>['content'],
  parent: Header | Record<string, never> = {},
): MessageOf<Type> {
  const header = {
    msg_id: newId(),
    msg_type: type,
    session: 'session' in parent ? String(parent.session) : newId(),
    username: 'username' in parent ? String(parent.username) : 'sdnb',
    date: new Now().toISOString(),
    version: '5.5',
  }
  return {
    channel: channelOf(type),
    header,
    parent_header: parent,
    metadata: {},
    content,
  } as unknown as MessageOf<Type>
}

function channelOf(type: MessageType): Channel {
  if (/^(interrupt|shutdown)_re/.test(type)) return 'control'
  if (/^input_re/.test(type)) return 'stdin'
  return /_(request|reply)$/.test(type) ? 'shell' : 'iopub'
}
