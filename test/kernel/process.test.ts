import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { KernelDiedError, startKernel } from '../../src/kernel/client.js'
import { error, folder, kernel, result, run } from './kernelProcess.js'

describe('the process', () => {
  test('an interrupt ends a cell that waits, and what it started in the shell', async () => {
    const waiting = run('!sleep 60')
    await setTimeout(300)
    await kernel.interrupt()
    expect(error(await waiting).ename).toBe('InterruptedError')
    expect(result(await run('"still here"'))).toBe(`'still here'`)
  })

  test('an interrupt ends a long call at its next report', async () => {
    const waiting = run(`
      var steps = 0
      const pipeline = async () => { for (;;) { globalThis[Symbol.for('sdnb.progress')]({ id: 'q', label: 'L', step: ++steps, total: 9, done: false }); await new Promise(r => setTimeout(r, 20)) } }
      await pipeline()`)
    await setTimeout(300)
    await kernel.interrupt()
    await waiting
    await setTimeout(100)
    const first = result(await run('steps'))
    await setTimeout(100)
    expect(result(await run('steps'))).toBe(first)
  })

  test('when it dies, whoever waits hears why', async () => {
    const other = await startKernel({ cwd: folder })
    await expect(run('process.kill(process.pid, "SIGKILL")', other)).rejects.toThrow(
      new KernelDiedError('The kernel ended with signal SIGKILL'),
    )
    await expect(run('1', other)).rejects.toThrow(KernelDiedError)
    await other.shutdown()
  })

  test('ends with its parent, however that ends, even in a loop without end', async () => {
    const request = {
      header: { msg_type: 'execute_request', msg_id: '1' },
      content: { code: 'for (;;);', store_history: true },
    }
    const parent = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `
      import { fork } from 'node:child_process'
      const kernel = fork(process.argv[1], { serialization: 'advanced', execArgv: [] })
      kernel.on('message', () => console.log(kernel.pid))
      kernel.send(${JSON.stringify(request)})`,
      createRequire(import.meta.url).resolve('#kernelProcess'),
    ])
    const [pid] = await once(parent.stdout, 'data')
    expect(alive(Number(String(pid).split('\n')[0]))).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => alive(Number(String(pid).split('\n')[0])), { timeout: 10_000 }).toBe(false)
  })
})

/** A process that has ended, and that nobody has asked about yet, is not alive. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
