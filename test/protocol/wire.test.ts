import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { message } from '../../src/protocol/messages.js'
import { createWire, WireError } from '../../src/protocol/wire.js'

const text = (frame: Uint8Array) => Buffer.from(frame).toString()
const bytes = (value: string) => Buffer.from(value)
const hmac = (key: string, parts: string[], hash = 'sha256') =>
  createHmac(hash, key).update(parts.join('')).digest('hex')

const header = '{"msg_id":"1","msg_type":"kernel_info_request"}'

/** Frames as a client sends them, with the signature that `key` gives. */
function frames(key: string, parts = [header, '{}', '{}', '{}'], hash?: string): Uint8Array[] {
  return ['client', '<IDS|MSG>', key && hmac(key, parts, hash), ...parts].map(bytes)
}

test('a message is identities, delimiter, signature, four parts of JSON, and buffers', () => {
  const stream = message('stream', { name: 'stdout', text: 'a\n' })
  const buffers = [new Uint8Array([1, 2])]
  const sent = createWire('key').encode({ ...stream, buffers }, [bytes('topic')])
  const parts = sent.slice(3, 7).map(text)
  expect(parts.map(part => JSON.parse(part))).toEqual([stream.header, {}, {}, { name: 'stdout', text: 'a\n' }])
  expect(sent.slice(0, 3).map(text)).toEqual(['topic', '<IDS|MSG>', hmac('key', parts)])
  expect(sent.slice(7)).toEqual(buffers)
})

test('what one end encodes the other decodes', () => {
  const open = { ...message('comm_open', { comm_id: 'c', target_name: 't', data: { é: ['\ud83d\ude97'] } }) }
  const sent = createWire('key').encode({ ...open, buffers: [new Uint8Array([0, 255])] }, [new Uint8Array([0, 7])])
  expect(createWire('key').decode(sent)).toEqual({
    ...{ identities: [new Uint8Array([0, 7])], header: open.header, parent_header: {}, metadata: {} },
    ...{ content: open.content, buffers: [new Uint8Array([0, 255])] },
  })
})

test('bytes in mime bundles go as base64', () => {
  const picture = { 'image/png': new Uint8Array([1, 2, 3]), 'text/plain': 'car', 'application/json': { a: [1] } }
  const shown = { 'image/png': 'AQID', 'text/plain': 'car', 'application/json': { a: [1] } }
  const contentOf = (sent: Uint8Array[]) => JSON.parse(text(sent.at(-1)!))
  const wire = createWire('')
  const display = wire.encode(message('display_data', { data: picture, metadata: {}, transient: {} }))
  expect(contentOf(display)).toEqual({ data: shown, metadata: {}, transient: {} })
  const expressions = { e: { status: 'ok' as const, data: picture, metadata: {} } }
  const reply = wire.encode(
    message('execute_reply', { status: 'ok', execution_count: 1, payload: [], user_expressions: expressions }),
  )
  expect(contentOf(reply).user_expressions).toEqual({ e: { status: 'ok', data: shown, metadata: {} } })
})

test.for(['sha256', 'sha512', 'md5'])('hmac-%s signs and verifies', hash => {
  const received = createWire('key', `hmac-${hash}`).decode(frames('key', undefined, hash))
  expect(received.header).toEqual(JSON.parse(header))
})

test.for(['sha256', 'hmac-none', ''])('the scheme %j is refused', scheme => {
  expect(() => createWire('key', scheme)).toThrow(
    `signature_scheme: expected one like hmac-sha256, got ${JSON.stringify(scheme)}`,
  )
})

test('an empty key leaves messages unsigned, and takes the same one twice', () => {
  const wire = createWire('')
  expect(wire.decode(frames('')).header).toEqual(JSON.parse(header))
  expect(wire.decode(frames('')).identities.map(text)).toEqual(['client'])
  expect(() => wire.decode(frames('key'))).toThrow('wrong signature')
})

test('a signed message is taken once', () => {
  const wire = createWire('key')
  wire.decode(frames('key'))
  expect(() => wire.decode(frames('key'))).toThrow('sent before')
})

test.for<[string, Uint8Array[], string]>([
  ['of another key', frames('other'), 'wrong signature'],
  ['without a signature', frames(''), 'wrong signature'],
  ['without a delimiter', [bytes('a'), bytes('b')], 'no delimiter'],
  ['without parts', frames('key', []), 'expected a signature and 4 parts, got 0 parts'],
  ['that are none', [], 'no delimiter'],
  ['that end with the delimiter', [bytes('<IDS|MSG>')], 'got 0 parts'],
  ['with a header that is no JSON', frames('key', ['{', '{}', '{}', '{}']), 'header: expected JSON'],
])('frames %s hold no message', ([, given, reason]) => {
  expect(() => createWire('key').decode(given)).toThrow(WireError)
  expect(() => createWire('key').decode(given)).toThrow(reason)
})

test('a part after the header that is no JSON, no UTF-8 or too deep is told, with the header', () => {
  const problem = (content: string) => createWire('').decode(frames('', [header, '{}', '{}', content])).problem
  expect(problem('{}')).toBe(undefined)
  expect(problem('{"code":')).toBe('content: expected JSON in UTF-8')
  expect(problem('['.repeat(100_000) + ']'.repeat(100_000))).toBe('content: nested deeper than 200')
  const latin1 = [...frames('').slice(0, -1), Buffer.from('"é"', 'latin1')]
  expect(createWire('').decode(latin1)).toMatchObject({
    ...{ header: JSON.parse(header), problem: 'content: expected JSON in UTF-8' },
  })
})
