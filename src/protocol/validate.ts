import * as v from 'valibot'
import type { Channel, CommMessage, Header, MessageOf, Request } from './messages.js'
import type { JsonValue } from './mime.js'
import { problemOf } from './problem.js'
import type { Received } from './wire.js'

export type Checked =
  | { kind: 'message'; message: Request | CommMessage }
  /** of a known type, and wrong: `reason` reads `execute_request: code: expected string, got 5` */
  | { kind: 'malformed'; header: Header; reason: string }
  /** of a type that no kernel knows on this channel, or without a header: not to be answered */
  | { kind: 'ignored'; reason: string }

/** A message from a client, in the protocol's shape: what it may leave out has Jupyter's defaults. Any version of it is taken. */
export function checkMessage(received: Received, channel: Channel): Checked {
  const head = v.safeParse(v.pipe(object, header), received.header)
  if (!head.success) return { kind: 'ignored', reason: `header: ${problemOf(head.issues)}` }
  const type = head.output.msg_type
  if (!isKnown(type) || !channels[type].includes(channel))
    return { kind: 'ignored', reason: `${type}: unknown on ${channel}` }

  const malformed = (reason: string): Checked => ({
    kind: 'malformed',
    header: head.output,
    reason: `${type}: ${reason}`,
  })
  if (received.problem !== undefined) return malformed(received.problem)
  const shape = v.safeParse(object, received.content)
  const content = shape.success ? v.safeParse(contents[type], shape.output) : shape
  if (!content.success) return malformed(problemOf(content.issues))
  const around = v.safeParse(surroundings, received)
  if (!around.success) return malformed(problemOf(around.issues))
  const message = {
    ...{ channel, header: head.output, ...around.output, content: content.output },
    ...(received.buffers.length ? { buffers: received.buffers } : {}),
  }
  return { kind: 'message', message: message as Request | CommMessage }
}

type Type = (Request | CommMessage)['header']['msg_type']

/** Where a client may send each type. */
const channels: Record<Type, Channel[]> = {
  kernel_info_request: ['shell', 'control'],
  execute_request: ['shell'],
  inspect_request: ['shell'],
  complete_request: ['shell'],
  is_complete_request: ['shell'],
  history_request: ['shell'],
  comm_info_request: ['shell'],
  comm_open: ['shell'],
  comm_msg: ['shell'],
  comm_close: ['shell'],
  interrupt_request: ['control'],
  shutdown_request: ['control', 'shell'],
  input_reply: ['stdin'],
}

/** A field that may be missing, as clients in Python say by null. */
const optional = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.pipe(
    v.nullish(schema),
    v.transform(value => value ?? undefined),
  )

const header = v.object({
  msg_id: v.string(),
  msg_type: v.string(),
  session: v.nullish(v.string(), ''),
  username: v.nullish(v.string(), ''),
  date: v.nullish(v.string(), ''),
  version: v.nullish(v.string(), '5.0'),
})

const object = v.custom<{ [key: string]: JsonValue }>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'object',
)
const surroundings = v.object({
  parent_header: v.nullish(object, {}),
  metadata: v.nullish(object, {}),
})

const whole = v.pipe(v.number(), v.integer('a whole number'))
const count = v.pipe(whole, v.minValue(0))
const code = v.string()
/** a missing position is the end */
const atCursor = <Content extends { code: string; cursor_pos?: number | null }>(content: Content) => ({
  ...content,
  cursor_pos: content.cursor_pos ?? [...content.code].length,
})
const nothing = v.object({})
const comm = { comm_id: v.string(), data: v.nullish(object, {}) }

/** Each type's content. */
const contents: { [T in Type]: v.GenericSchema<unknown, MessageOf<T>['content']> } = {
  kernel_info_request: nothing,
  execute_request: v.pipe(
    v.object({
      code,
      silent: v.nullish(v.boolean(), false),
      store_history: v.nullish(v.boolean(), true),
      user_expressions: v.nullish(v.record(v.string(), v.string()), {}),
      allow_stdin: v.nullish(v.boolean(), true),
      stop_on_error: v.nullish(v.boolean(), true),
    }),
    v.transform(content => ({ ...content, store_history: content.store_history && !content.silent })),
  ),
  inspect_request: v.pipe(
    v.object({ code, cursor_pos: optional(count), detail_level: v.nullish(v.picklist([0, 1]), 0) }),
    v.transform(atCursor),
  ),
  complete_request: v.pipe(v.object({ code, cursor_pos: optional(count) }), v.transform(atCursor)),
  is_complete_request: v.object({ code }),
  history_request: v.object({
    hist_access_type: v.picklist(['range', 'tail', 'search']),
    output: v.nullish(v.boolean(), false),
    raw: v.nullish(v.boolean(), true),
    session: optional(whole),
    start: optional(whole),
    stop: optional(whole),
    n: optional(count),
    pattern: optional(v.string()),
    unique: optional(v.boolean()),
  }),
  comm_info_request: v.object({ target_name: optional(v.string()) }),
  comm_open: v.object({ ...comm, target_name: v.string() }),
  comm_msg: v.object(comm),
  comm_close: v.object(comm),
  interrupt_request: nothing,
  shutdown_request: v.object({ restart: v.nullish(v.boolean(), false) }),
  input_reply: v.object({ value: v.string() }),
}

const isKnown = (type: string): type is Type => Object.hasOwn(channels, type)
