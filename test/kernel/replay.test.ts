import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { encodeFrame } from '../../src/protocol/frames.js'
import type { Message } from '../../src/protocol/messages.js'
import { isAlive } from '../support/processes.js'
import { clientOf } from './socketClient.js'

const kernelProcess = join(import.meta.dirname, '../../dist/kernelProcess.js')
const token = 'token'

/** A kernel's process as the extension starts it: on its own, its streams in a file. */
async function started(lingerSeconds = 60) {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-replay-'))
  const socket = process.platform === 'win32' ? `\\\\.\\pipe\\${crypto.randomUUID()}` : join(folder, 'kernel.sock')
  // it starts the kernel, tells its id, and is there no more
  const starter = `
    import { openSync } from 'node:fs'
    import { spawn } from 'node:child_process'
    const file = openSync('log', 'a')
    const args = ${JSON.stringify([kernelProcess, '--socket', socket, '--linger', String(lingerSeconds)])}
    const child = spawn(process.execPath, args, { stdio: ['ignore', file, file, 'ipc'], detached: true })
    child.on('message', () => console.log(child.pid))
    setInterval(() => {}, 9999)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', starter], {
    ...{ cwd: folder, env: { ...process.env, SDNB_KERNEL_TOKEN: token } },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = Number(await Promise.race([once(parent.stdout, 'data'), failsWith(parent)]))
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true })
  })
  const connected = async (hello: object) => {
    const connection = connect(socket)
    await once(connection, 'connect')
    connection.write(encodeFrame({ token, ...hello }))
    return connection
  }
  const client = async (replay?: boolean) => {
    const connection = await connected({ ...(replay && { replay }) })
    const client = clientOf(connection)
    return {
      ...client,
      /** Runs a cell of that id, and gives the request's. */
      run: (cellId: string, code: string) =>
        client.send('execute_request', { code, allow_stdin: true, stop_on_error: true }, { metadata: { cellId } }),
      async leave() {
        connection.end()
        await once(connection, 'close')
      },
    }
  }
  return { ...{ pid, client, connected }, log: () => readFileSync(join(folder, 'log'), 'utf8') }
}

async function failsWith(child: ChildProcess): Promise<never> {
  throw new Error(`ended with ${await once(child, 'exit')}`)
}

/** What belongs to a request, in short. */
const of = (id: string, heard: Message[]) =>
  heard
    .filter(({ parent_header }) => (parent_header as { msg_id?: string }).msg_id === id)
    .map(({ header, content }) => {
      const { text, execution_state, code, status, ename } = content as Record<string, string | undefined>
      return text ?? execution_state ?? code ?? (status ? `reply ${status}` : undefined) ?? ename ?? header.msg_type
    })

test('who comes back hears all that it has missed once and in order, and what comes then', async () => {
  const { client, pid, log } = await started()
  const one = await client()
  const code = `for (let n = 1; n <= 6; n++) { console.log(n); await new Promise(done => setTimeout(done, 200)) }
    setTimeout(() => console.log('late'), 700); 0`
  const first = one.run('a', code)
  await one.until('stream', first)
  const [second, third] = [one.run('b', 'console.log("second")'), one.run('c', 'await new Promise(() => {})')]
  await one.alive()
  await one.leave()
  await setTimeout(500)
  const two = await client(true)
  expect(await two.resumed()).toEqual([
    { msg_id: first, cell: 'a', state: 'running' },
    { msg_id: second, cell: 'b', state: 'queued' },
    { msg_id: third, cell: 'c', state: 'queued' },
  ])
  expect((await two.until('execute_input')).metadata).toEqual({ cellId: 'a' })
  await two.until('execute_input', third)
  await two.leave()
  await setTimeout(1000)
  const three = await client(true)
  expect((await three.resumed()).map(({ state }) => state)).toEqual(['ended', 'ended', 'running'])
  await three.until('execute_input', third)
  // texts of different batches are joined
  expect(of(first, three.heard).slice(-2)).toEqual(['idle', 'late\n'])
  const whole = ['busy', code, '1\n2\n3\n4\n5\n6\n', 'execute_result', 'reply ok', 'idle', 'late\n']
  expect(of(first, three.heard)).toEqual(whole)
  expect(of(second, three.heard)).toEqual(['busy', 'console.log("second")', 'second\n', 'reply ok', 'idle'])
  const missed = of(first, two.heard)
  expect(missed.filter(one => /\d\n/.test(one)).join('')).toBe('1\n2\n3\n4\n5\n6\n')
  expect(missed.slice(-3)).toEqual(['execute_result', 'reply ok', 'idle'])
  three.send('interrupt_request', {})
  await three.answered(third)
  expect(of(third, three.heard).slice(-3)).toEqual(['InterruptedError', 'reply error', 'idle'])
  expect(log()).toBe('')
  expect(isAlive(pid)).toBe(true)
})

test('a stop by another client in the absence is told', async () => {
  const { client } = await started()
  const one = await client()
  const [first, second] = [one.run('a', 'await new Promise(() => {})'), one.run('b', '2')]
  await one.until('execute_input')
  await one.leave()
  const other = await client()
  await other.answered(other.send('interrupt_request', {}))
  await other.leave()
  const two = await client(true)
  expect((await two.resumed()).map(({ state }) => state)).toEqual(['ended', 'ended'])
  await two.alive()
  expect(of(first, two.heard).slice(-3)).toEqual(['InterruptedError', 'reply error', 'idle'])
  expect(of(second, two.heard)).toEqual(['busy', 'reply aborted', 'idle'])
})

test('clients that are there hear nothing twice, and who asks for no replay gets none', async () => {
  const { client } = await started()
  const [one, other] = [await client(), await client()]
  await other.alive()
  const id = one.run('a', 'console.log(await new Promise(done => setTimeout(done, 500, "printed")))')
  await one.until('execute_input')
  const newcomer = await client(true)
  expect(await newcomer.resumed()).toEqual([{ msg_id: id, cell: 'a', state: 'running' }])
  await Promise.all([one, other, newcomer].map(each => each.answered(id)))
  const [, ...heard] = of(id, one.heard)
  expect(heard).toContain('reply ok')
  expect(of(id, newcomer.heard)).toEqual(['busy', ...heard])
  expect(of(id, other.heard)).toEqual(['busy', ...heard.filter(one => one !== 'reply ok')])
  const late = await client()
  await late.alive()
  expect(of(id, late.heard)).toEqual([])
})

test('input is asked of who has taken over', async () => {
  const { client } = await started()
  const one = await client()
  const id = one.run('a', 'await new Promise(done => setTimeout(done, 500)); prompt("name")')
  await one.until('execute_input')
  await one.leave()
  const two = await client(true)
  const { header, content } = await two.until('input_request', id)
  expect(content).toEqual({ prompt: 'name ', password: false })
  two.send('input_reply', { value: 'Ada' }, { channel: 'stdin', parent_header: header })
  await two.answered(id)
  expect(of(id, two.heard)).toContain('reply ok')
})

test('a kernel that nobody comes back to ends when its time is over, not before', async () => {
  const { client, pid } = await started(2)
  const one = await client()
  one.run('a', 'for (;;);')
  await one.until('execute_input')
  await one.leave()
  await setTimeout(1000)
  const two = await client(true)
  await setTimeout(1500)
  expect(isAlive(pid)).toBe(true)
  await two.leave()
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
})

test('who holds a kernel keeps it from ending, and takes nothing from who comes back', async () => {
  const { client, connected, pid } = await started(1)
  const one = await client()
  const id = one.run('a', 'console.log("said")')
  await one.answered(id)
  const [hold] = await Promise.all([connected({ hold: true }), one.leave()])
  await setTimeout(2000)
  expect(isAlive(pid)).toBe(true)
  const two = await client(true)
  expect(await two.resumed()).toMatchObject([{ msg_id: id, cell: 'a', state: 'ended' }])
  await two.answered(id)
  expect(of(id, two.heard)).toContain('said\n')
  await two.leave()
  await setTimeout(2000)
  expect(isAlive(pid)).toBe(true)
  hold.end()
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
})
