import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/protocol/messages.js'
import { message } from '../../src/protocol/messages.js'
import { processesWith } from '../support/processes.js'
import { error, kernel, late, only, result, run, text, write } from './kernelProcess.js'

const rounds = 20

/** Generous: what it takes is the bench's figure. */
const limitMs = 5000

/** Cells that would never end, each in another state. */
const states: Record<string, string> = {
  'a busy loop': 'for (;;);',
  'a busy loop that catches everything': 'for (;;) { try { for (;;); } catch {} }',
  'a busy loop of calls': 'const f = (n: number): number => (n > 9 ? 0 : f(n + 1)); for (;;) f(0)',
  'a microtask loop': 'for (;;) await null',
  'a microtask loop of promises': '(function f(): Promise<void> { return Promise.resolve().then(f) })()',
  'a nextTick loop': '(function f() { process.nextTick(f) })(); await new Promise(() => {})',
  'a timer loop': 'for (;;) { await new Promise(resolve => setTimeout(resolve, 1)); ticks++ }',
  'a timer loop that catches everything':
    'for (;;) try { await new Promise(resolve => setTimeout(resolve, 1)); ticks++ } catch {}',
  'an interval': 'setInterval(() => ticks++, 1); await new Promise(() => {})',
  'a loop of timers/promises': `import { setTimeout as sleep } from 'node:timers/promises'; const go = async () => { await sleep(1); ticks++; return go() }; await go()`,
  'an immediate loop': '(function f() { ticks++; setImmediate(f) })(); await new Promise(() => {})',
  'a busy timer': 'setTimeout(() => { for (;;); }, 1); await new Promise(() => {})',
  'a busy immediate': 'setImmediate(() => { for (;;); }); await new Promise(() => {})',
  'a promise that never settles': 'await new Promise(() => {})',
  'an import that never ends': `await import('./endless')`,
  'an import of a busy loop': `await import('./busy')`,
  'a loop of files read': `import { readFile } from 'node:fs/promises'; for (;;) { await readFile('busy.ts'); ticks++ }`,
  'a loop that goes on in finally':
    'for (;;) { try { await new Promise(resolve => setTimeout(resolve, 1)); ticks++ } finally { continue } }',
  'a ! line': '!sleep 61.5 & sleep 61.5',
}

describe('an interrupt', () => {
  test.each(Object.entries(states))(`ends %s, ${rounds} times, and the session goes on`, async (_, code) => {
    await write('endless.ts', `console.log('runs'); await new Promise(() => {})\nexport {}`)
    await write('busy.ts', `console.log('runs'); for (;;);\nexport {}`)
    await run('var ticks = 0, kept = { is: "kept" }')
    for (let round = 0; round < rounds; round++) {
      const { messages, ms } = await interrupted(`console.log('runs');\n${code}`)
      expect(error(messages)?.ename).toBe('InterruptedError')
      expect(only(messages, 'execute_reply')[0].status).toBe('error')
      expect(ms).toBeLessThan(limitMs)
      const [before, after] = [
        result(await run('kept.is + ticks')),
        result(await run('await new Promise(r => setTimeout(r, 5)); kept.is + ticks')),
      ]
      expect(before).toMatch(/^'kept\d+'$/)
      expect(after).toBe(before)
    }
    expect(processesWith('sleep 61.5')).toEqual([])
  })

  test('ends a cell that waits for its user', async () => {
    for (let round = 0; round < rounds; round++) {
      const { messages } = await interrupted(`prompt('Who?')`, true)
      expect(error(messages).ename).toBe('InterruptedError')
    }
  })

  test('brings back the cells behind it as aborted', async () => {
    for (let round = 0; round < rounds; round++) {
      const behind: Promise<Message[]>[] = []
      await interrupted(`console.log('runs'); for (;;);`, false, () => behind.push(run('var ran = 1'), run('2')))
      for (const messages of await Promise.all(behind))
        expect(only(messages, 'execute_reply')[0].status).toBe('aborted')
    }
    expect(result(await run('typeof ran'))).toBe(`'undefined'`)
  })

  test('may come twice in a row, and when nothing runs', async () => {
    for (let round = 0; round < rounds; round++) {
      const { messages } = await interrupted(`console.log('runs'); for (;;);`, false, () => void kernel.interrupt())
      expect(error(messages).ename).toBe('InterruptedError')
      await Promise.all([kernel.interrupt(), kernel.interrupt()])
      expect(result(await run('1'))).toBe('1')
    }
  })

  test('ends what a cell that has ended left busy, and tells it there', async () => {
    const [first] = await run(`setTimeout(() => { for (;;); }, 20)\n''`)
    await setTimeout(100)
    await kernel.interrupt()
    expect(result(await run('1'))).toBe('1')
    const reported = late.find(({ parent_header }) => parent_header.msg_id === first.parent_header.msg_id)
    expect(reported?.content).toMatchObject({ ename: 'InterruptedError' })
  })

  test('of an import does not stand in the way of the next one', async () => {
    await write(
      'waits.ts',
      `if (Reflect.get(globalThis, 'waits')) { console.log('runs'); await new Promise(() => {}) }\nexport const read = 1`,
    )
    await run('globalThis.waits = true')
    await interrupted(`import { read } from './waits'`)
    await run('globalThis.waits = false')
    expect(result(await run(`import { read } from './waits'\nread`))).toBe('1')
  })

  test('lets go of what the cell held', async () => {
    const heap = async () =>
      Number(
        result(
          await run(
            `(await import('node:v8')).setFlagsFromString('--expose-gc'); (await import('node:vm')).runInNewContext('gc')(); process.memoryUsage().heapUsed`,
          ),
        ),
      )
    await run('1')
    const before = await heap()
    await interrupted(
      `console.log('runs'); await (async () => { const big = new Array(20e6).fill(1.5); await new Promise(() => {}); return big })()`,
    )
    await run('1')
    expect((await heap()) - before).toBeLessThan(40e6)
  })

  test('ends a picture being drawn', async () => {
    await run(
      `import { StableDiffusionPipeline } from 'sdnb'; const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny'); await pipeline('a cat', { numInferenceSteps: 1 })`,
    )
    for (let round = 0; round < rounds; round++) {
      const { messages } = await interrupted(
        `console.log('runs'); await pipeline('photograph of a house', { numInferenceSteps: 900 })`,
      )
      expect(error(messages).ename).toBe('InterruptedError')
    }
    expect(result(await run(`(await pipeline('a cat', { numInferenceSteps: 2, seed: 1 })).images.length`))).toBe('1')
  })
})

/** Runs a cell that says `runs`, stops it then, and tells what it said and how long the stop took. */
async function interrupted(code: string, allow_stdin = false, meanwhile = () => {}) {
  const messages: Message[] = []
  const content = {
    code,
    silent: false,
    store_history: true,
    user_expressions: {},
    allow_stdin,
    stop_on_error: true,
  }
  let stopped = 0
  let interrupt: Promise<void> | undefined
  for await (const received of kernel.request(message('execute_request', content))) {
    messages.push(received)
    const isRunning = text([received]).includes('runs') || received.header.msg_type === 'input_request'
    if (!isRunning || interrupt) continue
    await setTimeout(5)
    meanwhile()
    stopped = performance.now()
    interrupt = kernel.interrupt()
  }
  const ms = performance.now() - stopped
  await interrupt
  return { messages, ms }
}
