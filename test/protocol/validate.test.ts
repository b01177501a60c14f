import { expect, test } from 'vitest'
import type { Channel } from '../../src/protocol/messages.js'
import { checkMessage } from '../../src/protocol/validate.js'

function check(type: string, content: unknown, channel: Channel = 'shell', around: object = {}) {
  const header = { msg_id: '1', msg_type: type, session: 's', username: 'u', date: '', version: '5.5' }
  const received = { identities: [], header, parent_header: {}, metadata: {}, content, buffers: [], ...around }
  return checkMessage(received, channel)
}

function contentOf(type: string, content: unknown, channel?: Channel) {
  const checked = check(type, content, channel)
  return checked.kind === 'message' ? checked.message.content : checked
}

function reasonOf(type: string, content: unknown, channel?: Channel, around?: object) {
  const checked = check(type, content, channel, around)
  return checked.kind === 'message' ? undefined : `${checked.kind}: ${checked.reason}`
}

test('a message keeps what the protocol knows of it', () => {
  expect(
    check('comm_msg', { comm_id: 'c', data: { a: 1 }, more: 2 }, 'shell', { buffers: [new Uint8Array(2)] }),
  ).toEqual({
    kind: 'message',
    message: {
      channel: 'shell',
      header: { msg_id: '1', msg_type: 'comm_msg', session: 's', username: 'u', date: '', version: '5.5' },
      ...{ parent_header: {}, metadata: {}, content: { comm_id: 'c', data: { a: 1 } }, buffers: [new Uint8Array(2)] },
    },
  })
})

test.for<[type: string, given: object, content: object, channel?: Channel]>([
  ['kernel_info_request', {}, {}],
  ['kernel_info_request', {}, {}, 'control'],
  ['inspect_request', { code: 'a' }, { code: 'a', cursor_pos: 1, detail_level: 0 }],
  ['complete_request', { code: '🚗.', cursor_pos: null }, { code: '🚗.', cursor_pos: 2 }],
  ['complete_request', { code: 'ab', cursor_pos: 0 }, { code: 'ab', cursor_pos: 0 }],
  ['is_complete_request', { code: '' }, { code: '' }],
  ['history_request', { hist_access_type: 'tail', n: 3 }, { hist_access_type: 'tail', output: false, raw: true, n: 3 }],
  ['comm_info_request', { target_name: null }, { target_name: undefined }],
  ['comm_open', { comm_id: 'c', target_name: 't' }, { comm_id: 'c', target_name: 't', data: {} }],
  ['comm_close', { comm_id: 'c' }, { comm_id: 'c', data: {} }],
  ['interrupt_request', {}, {}, 'control'],
  ['shutdown_request', {}, { restart: false }, 'control'],
  ['shutdown_request', { restart: true }, { restart: true }],
  ['input_reply', { value: 'yes' }, { value: 'yes' }, 'stdin'],
])('%s %j has defaults', ([type, given, content, channel]) => {
  expect(contentOf(type, given, channel)).toEqual(content)
})

test('an execute_request has defaults', () => {
  const defaults = { silent: false, store_history: true, allow_stdin: true, stop_on_error: true, user_expressions: {} }
  expect(contentOf('execute_request', { code: 'a' })).toEqual({ code: 'a', ...defaults })
  const silent = { code: 'a', silent: true, store_history: true }
  expect(contentOf('execute_request', silent)).toMatchObject({ silent: true, store_history: false })
})

test.for<[type: string, content: unknown, reason: string, channel?: Channel]>([
  ['execute_request', { code: 5 }, 'code: expected string, got 5'],
  ['execute_request', {}, 'code: is missing'],
  ['execute_request', { code: '', silent: 'no' }, 'silent: expected boolean, got "no"'],
  ['execute_request', { code: '', user_expressions: { a: 1 } }, 'user_expressions.a: expected string, got 1'],
  ['execute_request', 'a', 'expected object, got "a"'],
  ['execute_request', null, 'expected object, got null'],
  ['shutdown_request', [], 'expected object, got Array', 'control'],
  ['complete_request', { code: '', cursor_pos: -1 }, 'cursor_pos: expected >=0, got -1'],
  ['complete_request', { code: '', cursor_pos: 0.5 }, 'cursor_pos: expected a whole number, got 0.5'],
  ['inspect_request', { code: '', detail_level: 2 }, 'detail_level: expected (0 | 1), got 2'],
  [
    'history_request',
    { hist_access_type: 'all' },
    'hist_access_type: expected ("range" | "tail" | "search"), got "all"',
  ],
  ['comm_open', { comm_id: 'c', target_name: 't', data: [] }, 'data: expected object, got Array'],
  ['shutdown_request', { restart: 1 }, 'restart: expected boolean, got 1', 'control'],
  ['input_reply', {}, 'value: is missing', 'stdin'],
])('%s %j is malformed', ([type, content, reason, channel]) => {
  expect(reasonOf(type, content, channel)).toBe(`malformed: ${type}: ${reason}`)
})

test('what surrounds the content is checked, too', () => {
  const code = { code: '' }
  expect(reasonOf('execute_request', code, 'shell', { parent_header: null, metadata: null })).toBe(undefined)
  expect(reasonOf('execute_request', code, 'shell', { metadata: 3 })).toBe(
    'malformed: execute_request: metadata: expected object, got 3',
  )
  expect(reasonOf('execute_request', undefined, 'shell', { problem: 'content: expected JSON in UTF-8' })).toBe(
    'malformed: execute_request: content: expected JSON in UTF-8',
  )
})

test.for<[string, Channel?]>([
  ['connect_request'],
  ['toString'],
  ['status'],
  ['interrupt_request', 'shell'],
  ['execute_request', 'control'],
  ['input_reply', 'shell'],
])('%s is unknown there', ([type, channel = 'shell']) => {
  expect(reasonOf(type, {}, channel)).toBe(`ignored: ${type}: unknown on ${channel}`)
})

test('a header needs an id and a type, whatever its version', () => {
  const header = { msg_id: '1', msg_type: 'is_complete_request' }
  expect(check('', { code: '' }, 'shell', { header })).toMatchObject({
    message: { header: { ...header, session: '', username: '', date: '', version: '5.0' } },
  })
  expect(reasonOf('', {}, 'shell', { header: { msg_id: 1, msg_type: 'a' } })).toBe(
    'ignored: header: msg_id: expected string, got 1',
  )
  expect(reasonOf('', {}, 'shell', { header: [] })).toBe('ignored: header: expected object, got Array')
})
