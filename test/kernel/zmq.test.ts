import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Hub } from '../../src/kernel/hub.js'
import { serveZmq } from '../../src/kernel/transports/zmq.js'
import { type CommMessage, type Message, message, type Request } from '../../src/protocol/messages.js'
import { createWire } from '../../src/protocol/wire.js'
import { connect, newConnection } from './jupyterClient.js'

/** A kernel that says what it was asked, and asks for input when the code is `prompt`. */
function echo(): Hub & { received: (Request | CommMessage)[] } {
  const received: (Request | CommMessage)[] = []
  return {
    received,
    connect: send => ({
      receive(request) {
        received.push(request)
        const { header, content } = request
        if (header.msg_type === 'interrupt_request') send(message('interrupt_reply', { status: 'ok' } as never, header))
        if (header.msg_type !== 'execute_request') return
        const { code } = content as { code: string }
        send(message('status', { execution_state: 'busy' }, header))
        if (code === 'prompt') send(message('input_request', { prompt: '?', password: false }, header))
        const data = { 'text/plain': code, 'image/png': new Uint8Array([1, 2, 3]) }
        send(message('display_data', { data, metadata: {}, transient: {} }, header))
        const ok = { status: 'ok' as const, execution_count: 1, payload: [] as [], user_expressions: {} }
        send(message('execute_reply', ok, header))
        send(message('status', { execution_state: 'idle' }, header))
      },
      close() {},
    }),
  }
}

async function served(key?: string, change: object = {}) {
  const connection = { ...(await newConnection(key)), ...change }
  const hub = echo()
  const server = serveZmq(connection, hub)
  onTestFinished(() => server.close(1000))
  const client = (topic?: string) => {
    const client = connect(connection, topic)
    onTestFinished(() => client.close())
    return client
  }
  return { connection, hub, client }
}

const welcomed = (client: ReturnType<typeof connect>) => client.until(({ type }) => type === 'iopub_welcome')

test('a request is answered to who asked, its output told to all, bytes as base64', async () => {
  const { client } = await served()
  const [one, two] = [client(), client()]
  await Promise.all([welcomed(one), welcomed(two)])
  const { reply, output } = await one.ask('execute_request', { code: 'a' })
  expect(reply).toMatchObject({ status: 'ok', execution_count: 1 })
  expect(output.map(({ type, topic }) => [type, topic.replace(/\.[\w-]+\./, '.ID.')])).toEqual([
    ['status', 'kernel.ID.status'],
    ['display_data', 'kernel.ID.display_data'],
    ['status', 'kernel.ID.status'],
  ])
  expect(output[1].content.data).toEqual({ 'text/plain': 'a', 'image/png': 'AQID' })
  await two.until(({ content }) => content.execution_state === 'idle')
  expect(two.heard.filter(({ channel }) => channel !== 'iopub')).toEqual([])
})

test('each subscription is welcomed by its topic, and hears that topic alone', async () => {
  const { client } = await served()
  const [all, some] = [client(), client('kernel.')]
  // it may hear first of the other's, which its topic begins
  expect(await all.until(({ content }) => content.subscription === '')).toMatchObject({ topic: '' })
  expect(await welcomed(some)).toMatchObject({ topic: 'kernel.', content: { subscription: 'kernel.' } })
  const none = client('other')
  await welcomed(none)
  await some.ask('execute_request', { code: 'a' })
  expect(none.heard.map(({ type }) => type)).toEqual(['iopub_welcome'])
})

test('input is asked of the client whose cell runs', async () => {
  const { client, hub } = await served()
  const [one, two] = [client(), client()]
  await Promise.all([welcomed(one), welcomed(two)])
  await one.ask('execute_request', { code: 'prompt' })
  expect(one.heard.filter(({ channel }) => channel === 'stdin').map(({ content }) => content.prompt)).toEqual(['?'])
  expect(two.heard.filter(({ channel }) => channel === 'stdin')).toEqual([])
  two.send('input_reply', { value: 'not asked' }, 'stdin')
  // its answer says that what was sent before has been read
  await two.ask('execute_request', { code: 'a' })
  one.send('input_reply', { value: 'yes' }, 'stdin')
  await expect.poll(() => hub.received.at(-1)).toMatchObject({ channel: 'stdin', content: { value: 'yes' } })
  expect(hub.received.map(({ header }) => header.msg_type)).toEqual([
    'execute_request',
    'execute_request',
    'input_reply',
  ])
})

test('a malformed request is answered by an error, between busy and idle', async () => {
  const { client, hub } = await served()
  const one = client()
  await welcomed(one)
  const { reply, output } = await one.ask('execute_request', { code: 5 })
  const evalue = 'execute_request: code: expected string, got 5'
  expect(reply).toEqual({ status: 'error', ename: 'MalformedMessage', evalue, traceback: [evalue] })
  expect(output.map(({ content }) => content.execution_state)).toEqual(['busy', 'idle'])
  expect(hub.received).toEqual([])
})

test('what is signed wrongly, unknown, or sent twice does not reach the kernel', async () => {
  const { client, hub, connection } = await served()
  const one = client()
  await welcomed(one)
  const request = message('execute_request', { code: 'a' } as never)
  const frames = createWire(connection.key).encode(request)
  one.sendFrames(createWire('wrong').encode(request))
  one.sendFrames(frames)
  one.sendFrames(frames)
  one.send('unknown_request', {})
  one.send('input_reply', {}, 'stdin')
  one.sendFrames([])
  await one.ask('execute_request', { code: 'b' })
  expect(hub.received.map(({ content }) => (content as { code: string }).code)).toEqual(['a', 'b'])
})

test('the heart beats, and unsigned messages are taken without a key', async () => {
  const { client } = await served('')
  const one = client()
  await welcomed(one)
  expect(await one.beat()).toBe('beat')
  expect((await one.ask('execute_request', { code: 'a' })).reply.status).toBe('ok')
})

test.skipIf(process.platform === 'win32')('ipc serves as tcp does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-ipc-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const ports = { shell_port: 1, control_port: 2, stdin_port: 3, iopub_port: 4, hb_port: 5 }
  const { client } = await served(undefined, { transport: 'ipc', ip: join(folder, 'kernel'), ...ports })
  const one = client()
  await welcomed(one)
  expect((await one.ask('execute_request', { code: 'a' })).reply.status).toBe('ok')
})

test('a port that is taken is told', async () => {
  const { connection } = await served()
  const taken = { ...(await newConnection()), hb_port: connection.hb_port }
  expect(() => serveZmq(taken, echo())).toThrow(/in use/)
})

test('an end does not wait for all that is still to be sent', async () => {
  let send = (_: Message) => {}
  const hub: Hub = {
    connect(heard) {
      send = heard
      return { receive() {}, close() {} }
    },
  }
  const server = serveZmq(await newConnection(), hub)
  for (let n = 0; n < 50_000; n++) send(message('status', { execution_state: 'busy' }))
  const begun = performance.now()
  await server.close(10)
  const soon = performance.now() - begun
  expect(soon).toBeLessThan(100)
})

test('a frame too large to take cuts its client off, and ends nothing', async () => {
  const { client } = await served()
  const [one, two] = [client(), client()]
  await Promise.all([welcomed(one), welcomed(two)])
  one.sendFrames([Buffer.alloc(256 * 2 ** 20 + 1)])
  expect((await two.ask('execute_request', { code: 'a' })).reply.status).toBe('ok')
  // ZeroMQ connects again by itself
  expect((await one.ask('execute_request', { code: 'b' })).reply.status).toBe('ok')
})
