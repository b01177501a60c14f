import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LanguageServer, LanguageServerDiedError, startLanguageServer } from '../../src/language/client.js'
import type { FromServer, ToServer } from '../../src/language/serverProtocol.js'
import { isAlive } from '../support/processes.js'

const entry = createRequire(import.meta.url).resolve('#languageServer')

describe('a language server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-language-'))
  let server: LanguageServer
  beforeAll(async () => {
    server = await startLanguageServer({ cwd: folder })
  })
  afterAll(() => {
    server.dispose()
    rmSync(folder, { recursive: true })
  })

  test('answers', async () => {
    server.update({
      order: ['a', 'b'],
      changed: [
        { id: 'a', text: 'const a = 1' },
        { id: 'b', text: 'a.' },
      ],
    })
    const { items } = await server.completions({ cell: 'b', offset: 2 })
    expect(items.map(({ name }) => name)).toContain('toFixed')
    expect(await server.hover({ cell: 'b', offset: 0 })).toMatchObject({ range: { start: 0, end: 1 } })
    expect(await server.hover({ cell: 'b', offset: 2 })).toBeNull()
    expect(await server.isComplete({ text: 'f(' })).toEqual({ status: 'incomplete', indent: '  ' })
  })

  test('knows types through 1,000 cells, each made from the one before', async () => {
    const cells = Array.from({ length: 1000 }, (_, i) => ({
      id: `${i}`,
      text: i ? `const a${i} = a${i - 1} + 1` : 'const a0 = 0',
    }))
    cells.push({ id: 'last', text: 'a999.lenght' })
    server.update({ order: cells.map(({ id }) => id), changed: cells })
    const { items } = await server.completions({ cell: 'last', offset: 5 })
    expect(items.map(({ name }) => name)).toContain('toFixed')
    const [{ message }] = await server.diagnostics({ cell: 'last' })
    expect(message).toBe("Property 'lenght' does not exist on type 'number'.")
    expect((await server.hover({ cell: '999', offset: 6 }))?.contents).toContain('const a999: number')
  })

  test('survives a request that fails', async () => {
    await expect(server.diagnostics({ cell: 'gone' })).rejects.toThrow("No cell 'gone'")
    await expect(server.hover(null as never)).rejects.toThrow()
    expect(await server.isComplete({ text: '1' })).toEqual({ status: 'complete' })
  })

  test('gives a request up when its signal says so', async () => {
    const controller = new AbortController()
    const unwanted = server.diagnostics({ cell: 'a' }, controller.signal)
    controller.abort(new Error('no longer wanted'))
    await expect(unwanted).rejects.toThrow('no longer wanted')
    await expect(server.isComplete({ text: '1' }, controller.signal)).rejects.toThrow('no longer wanted')
  })

  test('drops a request that is cancelled before its turn', async () => {
    const child = fork(entry, { cwd: folder, execArgv: [] })
    const replies: FromServer[] = []
    child.on('message', (reply: FromServer) => replies.push(reply))
    const messages: ToServer[] = [
      { method: 'update', params: { order: ['a'], changed: [{ id: 'a', text: 'const a = 1' }] } },
      { id: 1, method: 'diagnostics', params: { cell: 'a' } },
      { id: 2, method: 'diagnostics', params: { cell: 'a' } },
      { method: 'cancel', params: { id: 2 } },
      { id: 3, method: 'isComplete', params: { text: '1' } },
    ]
    for (const message of messages) child.send(message)
    await expect.poll(() => replies.map(({ id }) => id), { timeout: 30_000 }).toEqual([1, 3])
    child.kill()
  })

  test('is reported dead to whoever waits', async () => {
    const other = await startLanguageServer({ cwd: folder })
    const waiting = other.isComplete({ text: '1' })
    process.kill(other.pid, 'SIGKILL')
    await expect(waiting).rejects.toThrow(new LanguageServerDiedError('The language server ended with signal SIGKILL'))
    await expect(other.isComplete({ text: '1' })).rejects.toThrow(LanguageServerDiedError)
    other.update({ order: [], changed: [] })
    other.dispose()
  })

  test('runs a given file, with a given Node and environment', async () => {
    const file = join(folder, 'server.mjs')
    writeFileSync(file, "process.on('message', ({ id }) => process.send({ id, result: process.env.SDNB_TEST }))")
    const node = join(folder, 'node')
    symlinkSync(process.execPath, node)
    const env = { ...process.env, SDNB_TEST: 'given' }
    const other = await startLanguageServer({ cwd: folder, server: file, execPath: node, env })
    expect(await other.isComplete({ text: '1' })).toBe('given')
    other.dispose()
    const missing = startLanguageServer({ cwd: folder, execPath: join(folder, 'no-node') })
    await expect(missing).rejects.toThrow('no-node')
  })

  test('can be started by a thread', async () => {
    const worker = new Worker(
      `
      const { fork } = require('node:child_process')
      const { parentPort } = require('node:worker_threads')
      const server = fork(${JSON.stringify(entry)}, { cwd: ${JSON.stringify(folder)}, execArgv: [] })
      server.on('message', message => { parentPort.postMessage(message); server.kill() })
      server.send({ id: 1, method: 'isComplete', params: { text: '1' } })`,
      { eval: true },
    )
    expect((await once(worker, 'message'))[0]).toEqual({ id: 1, result: { status: 'complete' } })
    await worker.terminate()
  })

  test('ends with its parent, however that ends', async () => {
    const parent = spawn(process.execPath, [
      '-e',
      `const server = require('node:child_process').fork(process.argv[1], { execArgv: [] }); console.log(server.pid)`,
      entry,
    ])
    const pid = Number((await once(parent.stdout, 'data'))[0])
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false)
  })
})
