import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { startKernel } from '../../src/kernel/client.js'
import { processesWith } from '../support/processes.js'
import { error, folder, kernel, late, only, result, run, text, write } from './kernelProcess.js'

/** Stops a cell a little after it has begun; the session must go on. */
async function stopped(code: string, afterMs = 200) {
  const ended = run(code)
  await setTimeout(afterMs)
  await kernel.interrupt()
  const messages = await ended
  expect(only(messages, 'error').map(({ ename }) => ename)).toEqual(['InterruptedError'])
  expect(result(await run('1 + 1'))).toBe('2')
}

describe('an interrupt ends', () => {
  test('Atomics.wait', () => stopped('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'))
  test('a loop of displays', () =>
    stopped(`import { display } from 'sdnb'; for (;;) await display({ 'application/json': [1] })`))
  test('a loop of prints', () => stopped('for (;;) console.log(1)'))
  test.each(['performance = {}', 'Error.stackTraceLimit = 0', 'AbortController = undefined', 'setTimeout = undefined'])(
    'a busy loop where globalThis.%s',
    async change => {
      const other = await startKernel({ cwd: folder })
      await run(`Object.assign(globalThis, { kept: 1 }); globalThis.${change}`, other)
      const ended = run('for (;;);', other)
      await setTimeout(200)
      await other.interrupt()
      expect(error(await ended).ename).toBe('InterruptedError')
      expect(result(await run('kept', other))).toBe('1')
      await other.shutdown()
    },
  )
})

test('names that a stopped cell has not reached are what they were', async () => {
  await stopped('await new Promise(() => {}); const fetch = 5; let unheardOf = 6')
  expect(result(await run('[typeof fetch, typeof unheardOf]'))).toBe(`[ 'function', 'undefined' ]`)
})

test('a required file that was stopped in its midst is run again', async () => {
  await write('slow.cjs', 'exports.first = 1; if (globalThis.isSlow) for (;;); exports.second = 2')
  await run('globalThis.isSlow = true')
  await stopped(`require('./slow.cjs')`)
  expect(result(await run(`globalThis.isSlow = false; require('./slow.cjs')`))).toBe('{ first: 1, second: 2 }')
})

describe('what cannot leave the kernel', () => {
  test('as a symbol in a display’s id is the cell’s error', async () => {
    const messages = await run(`import { display } from 'sdnb'; await display(1, { id: Symbol('x') as any })`)
    expect(error(messages).evalue).toContain('could not be cloned')
    expect(only(messages, 'execute_reply')[0].status).toBe('error')
  })
})

describe('output', () => {
  test('of thirty million characters comes whole, and the kernel lives', async () => {
    const messages = await run(String.raw`console.log('\x01'.repeat(30e6))`)
    expect(text(messages).length).toBe(30e6 + 1)
  })
  test('is never cut within a character', async () => {
    const messages = await run(`process.stdout.write('a' + '🎨'.repeat(1e6))`)
    expect(only(messages, 'stream').every(({ text }) => Buffer.from(text).toString() === text)).toBe(true)
    expect(text(messages).length).toBe(1 + 2e6)
  })
  test('that ends within a character is told', async () => {
    expect(text(await run('process.stdout.write(new Uint8Array([0xe2, 0x82]))'))).toBe('\ufffd')
  })
  test('that comes late is not held up by a display that never settles', async () => {
    const [first] = await run(`import { display } from 'sdnb'
      setTimeout(() => { display({ [Symbol.for('Jupyter.display')]: () => new Promise(() => {}) }); console.log('heard') }, 30)
      0`)
    const own = () => late.filter(({ parent_header }) => parent_header.msg_id === first.parent_header.msg_id)
    await expect.poll(() => text(own())).toBe('heard\n')
  })
  test('of a rejection that nobody handles stands instead of the value', async () => {
    const messages = await run('Promise.reject(new Error("unheard")); 5')
    expect([error(messages).evalue, result(messages)]).toEqual(['unheard', undefined])
  })
})

test('a variable that cannot be looked at does not hide the others', async () => {
  await run(`const odd = new Proxy({}, { get() { throw new Error('no') } }), plain = 1`)
  const { createBindings } = await import('../../src/kernel/cells/bindings.js')
  const { inspectSession } = await import('../../src/kernel/cells/inspectSession.js')
  const bindings = createBindings()
  bindings.bind('odd', () => new Proxy({}, { get: () => expect.fail('looked at') }))
  bindings.bind('plain', () => 1)
  expect((await inspectSession(bindings)).variables.at(-1)).toEqual({ name: 'plain', type: 'number', value: '1' })
})

test('nothing that a cell has started outlives the kernel', async () => {
  const other = await startKernel({ cwd: folder })
  await run(`import { spawn } from 'node:child_process'; spawn('sleep', ['63.5'], { stdio: 'ignore' }); 0`, other)
  await run('!sleep 63.5 >/dev/null 2>&1 &', other)
  expect(processesWith('sleep 63.5').length).toBeGreaterThanOrEqual(2)
  await other.shutdown()
  await expect.poll(() => processesWith('sleep 63.5')).toEqual([])
})

test('frames of the kernel are left out', async () => {
  const { traceback } = error(await run(`import { display } from 'sdnb'; await display(1, { update: true })`))
  expect(traceback.filter(line => /dist|node:/.test(line))).toEqual([])
})
