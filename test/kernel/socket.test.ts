import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createAnswers } from '../../src/kernel/answers.js'
import { createComms } from '../../src/kernel/comms.js'
import { createHistory } from '../../src/kernel/history.js'
import { createKernel } from '../../src/kernel/kernel.js'
import { createLanguage } from '../../src/kernel/languageAnswers.js'
import type { CellToRun, InputAnswer, Outcome } from '../../src/kernel/threads.js'
import { serveSocket } from '../../src/kernel/transports/socket.js'
import { encodeFrame } from '../../src/protocol/frames.js'
import { message } from '../../src/protocol/messages.js'
import { clientOf } from './socketClient.js'

const token = 'token'
const path = () =>
  process.platform === 'win32' ? `\\\\.\\pipe\\sdnb-${randomUUID()}` : join(tmpdir(), `sdnb-${randomUUID()}.sock`)

/** The kernel's protocol on a socket, without a main thread: the test plays that. */
async function served() {
  const cells: CellToRun[] = []
  const inputs: InputAnswer[] = []
  const interrupts: (() => void)[] = []
  const left: number[] = []
  const history = createHistory()
  const comms = createComms({
    echo: async data => {
      if (data.fail) throw new Error('no echo')
      return data
    },
  })
  const kernel = createKernel(
    {
      execute: cell => void cells.push(cell),
      interrupt: () => new Promise<void>(resolve => void interrupts.push(resolve)),
      input: answer => void inputs.push(answer),
    },
    {
      ...{ answers: createAnswers(history, comms, createLanguage('.')), history, comms },
      ran({ code }) {
        if (code === 'fault') throw new Error('a fault')
        return { metadata: {}, messages: [] }
      },
    },
    () => {},
  )
  const socket = path()
  const server = await serveSocket({ socket, token, lingerMs: 0 }, kernel, () => left.push(1))
  const sockets = new Set<Socket>()
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await server.close(1000)
  })
  const raw = async () => {
    const client = connect(socket).on('error', () => {})
    sockets.add(client)
    await once(client, 'connect')
    return client
  }
  const client = async () => {
    const socket = await raw()
    socket.write(encodeFrame({ token }))
    return clientOf(socket)
  }
  const ended = (cell: CellToRun, outcome: Outcome = { status: 'ok', expressions: {} }) =>
    kernel.fromRunner({ type: 'ended', id: cell.header.msg_id, outcome })
  return { ...{ kernel, cells, inputs, interrupts, left, comms }, raw, client, ended }
}

test('a malformed request is answered by an error, and one that no kernel knows is not', async () => {
  const one = await (await served()).client()
  const refused = async (id: string) => (await one.answered(id))[1]
  expect(await refused(one.send('execute_request', { code: 5 }))).toEqual({
    type: 'execute_reply',
    content: {
      ...{ status: 'error', ename: 'MalformedMessage', evalue: 'execute_request: code: expected string, got 5' },
      traceback: ['execute_request: code: expected string, got 5'],
    },
  })
  expect((await refused(one.send('execute_request', undefined))).content.status).toBe('error')
  expect(await refused(one.send('is_complete_request', {}))).toEqual({
    type: 'is_complete_reply',
    content: { status: 'unknown' },
  })
  const header = { msg_id: '1', msg_type: 5 }
  one.send('kernel_info_request', {}, { header })
  one.send('kernel_info_request', {}, { header: null })
  one.send('kernel_info_request', {}, { buffers: 5, channel: 'nowhere' })
  for (const type of ['foo_request', 'constructor_request', '__proto__', 'comm_other']) one.send(type, {})
  one.send('comm_open', { comm_id: 'c' })
  one.socket.write(encodeFrame(null as never))
  one.socket.write(encodeFrame([] as never))
  const before = one.heard.length
  expect(await one.alive()).toBe('ok')
  expect(one.heard.length - before).toBe(3)
})

test('what an execute_request leaves out has defaults', async () => {
  const { client, cells, ended } = await served()
  const one = await client()
  const id = one.send('execute_request', { code: 'a' }, { metadata: undefined })
  await one.until('execute_input')
  expect(cells[0]).toMatchObject({ code: 'a', silent: false, expressions: {} })
  ended(cells[0])
  expect((await one.answered(id)).map(({ type }) => type)).toEqual([
    'status',
    'execute_input',
    'execute_reply',
    'status',
  ])
})

test('a comm that fails is told on stderr, and idle follows', async () => {
  const one = await (await served()).client()
  const types = (
    await one.answered(one.send('comm_open', { comm_id: 'c', target_name: 'echo', data: { fail: true } }))
  ).map(({ type, content }) => content.text ?? content.execution_state ?? type)
  expect(types).toEqual(['busy', expect.stringContaining('sdnb: Error: no echo'), 'idle'])
})

test('comms go with the client that opened them', async () => {
  const { client, comms } = await served()
  const [one, two] = [await client(), await client()]
  await one.answered(one.send('comm_open', { comm_id: 'a', target_name: 'echo', data: {} }))
  await two.answered(two.send('comm_open', { comm_id: 'b', target_name: 'echo', data: {} }))
  one.socket.destroy()
  await expect.poll(() => [...comms.open.keys()]).toEqual(['b'])
})

test('a fault after a cell has run is told, the cell answered, and the next one runs', async () => {
  const { client, cells, ended } = await served()
  const one = await client()
  const [first] = [one.run('fault'), one.run('next')]
  await one.until('execute_input')
  ended(cells[0])
  const answered = await one.answered(first)
  expect(answered.map(({ type }) => type)).toEqual(['status', 'execute_input', 'stream', 'execute_reply', 'status'])
  expect(answered[2].content.text).toContain('a fault')
  expect(cells.map(({ code }) => code)).toEqual(['fault', 'next'])
})

test('what cannot be encoded is told on stderr, and a reply of it fails', async () => {
  const { kernel, client, cells, ended } = await served()
  const one = await client()
  const id = one.run('large')
  await one.until('execute_input')
  // each character is six in JSON, more than a text can have
  const large = { 'text/plain': '\0'.repeat(9e7) }
  kernel.fromRunner({
    type: 'output',
    message: message('display_data', { data: large, metadata: {}, transient: {} }, cells[0].header),
  })
  const { content } = await one.until('stream')
  expect(content).toEqual({
    name: 'stderr',
    text: 'sdnb: display_data could not be sent: Invalid string length (text/plain: 90000000 characters)\n',
  })
  ended(cells[0], {
    status: 'ok',
    expressions: { big: { status: 'ok', data: { 'application/json': 5n as never }, metadata: {} } },
  })
  expect((await one.answered(id)).find(({ type }) => type === 'execute_reply')?.content).toMatchObject({
    ...{ status: 'error', ename: 'TypeError', execution_count: 1 },
    evalue: 'execute_reply could not be sent: Do not know how to serialize a BigInt',
  })
  expect(await one.alive()).toBe('ok')
})

test('input is taken from the client whose cell runs alone, and asked of nobody who has left', async () => {
  const { kernel, client, cells, inputs } = await served()
  const [one, two] = [await client(), await client()]
  one.run('prompt')
  await one.until('execute_input')
  const ask = () => kernel.fromRunner({ type: 'input', parent: cells[0].header, prompt: '?', password: false })
  ask()
  await one.until('input_request')
  two.send('input_reply', { value: 'not asked' })
  await two.alive()
  expect(inputs).toEqual([])
  one.send('input_reply', { value: 'yes' })
  await one.alive()
  expect(inputs).toEqual([{ value: 'yes' }])
  ask()
  one.socket.destroy()
  const error = 'prompt() and confirm() ask the user; the client that could answer has left'
  await expect.poll(() => inputs.slice(1)).toEqual([{ error }])
  ask()
  expect(inputs.slice(2)).toEqual([{ error }])
})

test('while an interrupt is open, input is answered by it', async () => {
  const { kernel, client, cells, inputs, interrupts } = await served()
  const one = await client()
  one.run('prompt')
  await one.until('execute_input')
  const id = one.send('interrupt_request', {})
  await expect.poll(() => interrupts.length).toBe(1)
  kernel.fromRunner({ type: 'input', parent: cells[0].header, prompt: '?', password: false })
  expect(inputs).toEqual([{ interrupted: true }])
  interrupts[0]()
  await one.answered(id)
})

test('an interrupt aborts what was queued when it came, and nothing that came later', async () => {
  const { client, cells, interrupts, ended } = await served()
  const one = await client()
  const [, queued] = [one.run('a'), one.run('b')]
  const interrupt = one.send('interrupt_request', {})
  await expect.poll(() => interrupts.length).toBe(1)
  const later = one.run('c')
  await one.alive()
  ended(cells[0], { status: 'error', error: { ename: 'InterruptedError', evalue: '', traceback: [] } })
  interrupts[0]()
  await one.answered(interrupt)
  expect((await one.answered(queued))[1].content.status).toBe('aborted')
  expect(cells.map(({ code }) => code)).toEqual(['a', 'c'])
  ended(cells[1])
  expect((await one.answered(later)).find(({ type }) => type === 'execute_reply')?.content.status).toBe('ok')
})

test('a shutdown is answered when what was printed has been told; restart says so', async () => {
  const { kernel, client, cells } = await served()
  const one = await client()
  one.run('print')
  await one.until('execute_input')
  kernel.fromRunner({ type: 'print', id: cells[0].header.msg_id, name: 'stdout', text: 'last words' })
  const answered = await one.answered(one.send('shutdown_request', { restart: true }))
  expect(answered.map(({ type, content }) => [type, content.restart])).toContainEqual(['shutdown_reply', true])
  const types = one.heard.map(({ header }) => header.msg_type)
  expect(types).toContain('stream')
  expect(types.indexOf('stream')).toBeLessThan(types.indexOf('shutdown_reply'))
})

test('a message for several clients is encoded once', async () => {
  const { kernel, client, cells } = await served()
  const [one, two] = [await client(), await client()]
  one.run('print')
  await one.until('execute_input')
  let reads = 0
  const content = {
    name: 'stdout' as const,
    get text() {
      reads++
      return 'a'
    },
  }
  kernel.fromRunner({
    type: 'output',
    message: { ...message('stream', { name: 'stdout', text: '' }, cells[0].header), content },
  })
  for (const each of [one, two]) expect((await each.until('stream')).content).toEqual({ name: 'stdout', text: 'a' })
  expect(reads).toBe(1)
})

test('a result without text has no output in the history', async () => {
  const { kernel, client, cells, ended } = await served()
  const one = await client()
  const id = one.run('picture')
  await one.until('execute_input')
  const content = { execution_count: 1, data: { 'image/png': new Uint8Array([1]) }, metadata: {} }
  kernel.fromRunner({ type: 'output', message: message('execute_result', content, cells[0].header) })
  ended(cells[0])
  await one.answered(id)
  const asked = one.send('history_request', { hist_access_type: 'tail', n: 1, output: true })
  expect((await one.answered(asked))[1].content.history).toEqual([[1, 1, ['picture', null]]])
})

test('who shows a wrong token, says nothing or garbage hears nothing and holds up nobody', async () => {
  const { raw, client, left } = await served()
  const silent = await raw()
  const [wrong, garbage, path] = [await raw(), await raw(), await raw()]
  const heard = Promise.all(
    [wrong, garbage, path].map(
      socket => new Promise(resolve => socket.on('data', resolve).on('close', () => resolve('nothing'))),
    ),
  )
  wrong.write(encodeFrame({ token: 'wrong' }))
  garbage.write('GET / HTTP/1.1\r\n\r\n')
  const inherited = Buffer.from('{"message":{},"bytes":[{"path":["__proto__","polluted"],"length":0}]}')
  const head = Buffer.alloc(8)
  head.writeUInt32LE(4 + inherited.length, 0)
  head.writeUInt32LE(inherited.length, 4)
  path.write(Buffer.concat([head, inherited]))
  expect(await heard).toEqual(['nothing', 'nothing', 'nothing'])
  expect({}).not.toHaveProperty('polluted')
  const one = await client()
  expect(await one.alive()).toBe('ok')
  one.socket.destroy()
  await expect.poll(() => left).toEqual([1])
  expect(silent.bytesRead).toBe(0)
})

test('a client is cut off when much waits that it does not read for long, not before', async () => {
  const { kernel, raw, client, cells } = await served()
  const deaf = await raw()
  deaf.write(encodeFrame({ token }))
  const one = await client()
  one.run('much')
  await one.until('execute_input')
  const closed = once(deaf, 'close')
  const picture = new Uint8Array(16 * 2 ** 20)
  const show = (count: number) => {
    const content = { data: { 'image/png': picture }, metadata: {}, transient: {} }
    for (let n = 0; n < count; n++)
      kernel.fromRunner({ type: 'output', message: message('display_data', content, cells[0].header) })
  }
  const shown = () => one.heard.filter(({ header }) => header.msg_type === 'display_data').length
  show(20)
  await expect.poll(shown, { timeout: 10_000 }).toBe(20)
  const later = performance.now() + 11_000
  const clock = vi.spyOn(performance, 'now').mockReturnValue(later)
  onTestFinished(() => clock.mockRestore())
  show(1)
  clock.mockRestore()
  await expect.poll(shown, { timeout: 10_000 }).toBe(21)
  deaf.resume()
  await closed
  expect(deaf.bytesRead).toBeLessThan(20 * picture.length)
  expect(await one.alive()).toBe('ok')
})
