import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { message } from '../../src/protocol/messages.js'
import { createWire } from '../../src/protocol/wire.js'
import { type JupyterKernel, startJupyterKernel } from './jupyterKernel.js'

const count = 10_000
/** Less than the test's own limit, to tell what it waits for. */
const limitMs = 50_000
const channels = ['shell', 'control', 'stdin'] as const

test(`${count} malformed messages leave the kernel answering`, async () => {
  const kernel = await startJupyterKernel()
  const { client } = kernel
  const progress = { sent: 0, waitsFor: '' }
  const late = setTimeout(limitMs, undefined, { ref: false }).then(() => {
    const last = client.heard
      .slice(-10)
      .map(({ at, ...heard }) => `${Math.round(at)} ms ${JSON.stringify(heard)}`.slice(0, 300))
    const { sent, waitsFor } = progress
    throw new Error(`after ${sent} messages ${waitsFor} was not answered in time; heard last:\n${last.join('\n')}`)
  })
  await Promise.race([sendAll(kernel, progress), kernel.ended, late]).finally(() => kernel.end())
})

async function sendAll(kernel: JupyterKernel, progress: { sent: number; waitsFor: string }) {
  const { client, connection } = kernel
  const make = messages(20_240_501, connection.key)
  for (let sent = 0; sent < count; sent += 100) {
    Object.assign(progress, { sent, waitsFor: 'kernel_info_request' })
    for (let i = 0; i < 100; i++) client.sendFrames(make.frames(), make.one(channels))
    // its answer says that what was sent before on that socket has been read
    await client.ask('kernel_info_request', {}, 'control')
  }
  Object.assign(progress, { sent: count, waitsFor: 'execute_request' })
  const { reply, output } = await client.ask('execute_request', { code: '40 + 2' })
  expect(reply).toMatchObject({ status: 'ok', execution_count: 1 })
  expect(output.find(({ type }) => type === 'execute_result')?.content.data['text/plain']).toBe('42')
  progress.waitsFor = 'the heartbeat'
  expect(await client.beat()).toBe('beat')
  // is_complete_reply knows no error
  const refused = client.heard.filter(
    ({ content }) => content.ename === 'MalformedMessage' || content.status === 'unknown',
  )
  expect(refused.length).toBeGreaterThan(count / 10)
  expect(kernel.process.exitCode).toBe(null)
  if (process.platform === 'linux') expect(resident(kernel.process.pid!)).toBeLessThan(800)
}

/** Malformed messages, the same ones for one seed; none of them is a valid request that would run or end something. */
function messages(seed: number, key: string) {
  const wrong = createWire('wrong')
  const random = generator(seed)
  const below = (n: number) => Math.floor(random() * n)
  const one = <Value>(values: readonly Value[]): Value => values[below(values.length)]
  const bytes = (length: number) => Uint8Array.from({ length }, () => below(256))
  const types = [
    ...['execute_request', 'complete_request', 'inspect_request', 'history_request', 'is_complete_request'],
    ...['comm_open', 'comm_msg', 'comm_close', 'input_reply', 'shutdown_request', 'interrupt_request'],
  ]
  const values = [null, 0, -1, 1e300, true, '', 'a\u0000b', '\ud800', [], [[]], { code: {} }, { __proto__: null }]
  /** wrong for every type that has fields */
  const content = () => {
    if (below(3) === 0) return one([null, 5, 'text', [], [{}], true])
    const names = ['code', 'comm_id', 'value', 'hist_access_type', 'cursor_pos', 'metadata', 'data', 'user_expressions']
    const fields = names.map(name => [name, one([5, [], null, false])])
    return { ...Object.fromEntries(fields), restart: 'no', [one(names)]: one([7, [1], false]), extra: one(values) }
  }
  /** signed as they are, whatever they hold */
  const raw = (...parts: string[]) =>
    ['<IDS|MSG>', createHmac('sha256', key).update(parts.join('')).digest('hex'), ...parts].map(part =>
      Buffer.from(part),
    )
  const request = (type: string, content: unknown, change: object = {}) => {
    const made = { ...message(type as 'execute_request', {} as never), content, ...change }
    return raw(...[made.header, made.parent_header, made.metadata, made.content].map(part => JSON.stringify(part)))
  }
  const header = () => JSON.stringify(message(one(types) as 'execute_request', {} as never).header)
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

  const kinds: (() => Uint8Array[])[] = [
    () => wrong.encode(message('execute_request', { code: 'process.exit(1)' } as never)),
    () => request(one(types), content()),
    () => request(one(types), content()),
    () => request(one(types), content(), { metadata: one([3, [], 'm']) }),
    () => request(one(types), content(), { parent_header: one(values) }),
    () => request(one(['', 'unknown_request', '__proto__', 'status', 'execute_reply']), {}),
    () => request('execute_request', { code: '1' }, { header: one([...values, { msg_id: 5 }, {}]) }),
    () => [...request(one(types), content()), ...Array.from({ length: below(50) }, () => bytes(9))],
    () => request(one(types), content()).slice(0, below(6)),
    () => raw(header(), '{}', '{}', one(['{', '', 'undefined', '{"code":"\u0000"}', 'NaN', deep(20_000)])),
    () => raw(one(['{', '', '[]', '"text"', deep(20_000)]), '{}', '{}', '{}'),
    () => raw(header(), one(['{', '', deep(300)]), one(['{', '']), '{}'),
    () => Array.from({ length: below(8) }, () => bytes(below(100))),
    () => Array.from({ length: 1 + below(6) }, () => new Uint8Array(0)),
    () => [...raw('{}', '{}', '{}', '{}'), ...Array.from({ length: 1000 }, () => new Uint8Array(1))],
  ]
  const huge = [
    () => [Buffer.alloc(8 * 2 ** 20, 'x')],
    () => request('execute_request', { code: 5, more: 'y'.repeat(4 * 2 ** 20) }),
    () => wrong.encode(message('execute_request', { code: 'z'.repeat(4 * 2 ** 20) } as never)),
  ]
  return { one, frames: () => (below(500) === 0 ? one(huge)() : one(kinds)()) }
}

/** Mulberry32: numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** MiB */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}
