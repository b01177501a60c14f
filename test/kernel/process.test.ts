import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { KernelDiedError, startKernel } from '../../src/kernel/client.js'
import { isAlive, processesWith } from '../support/processes.js'
import { folder, result, run, text, write } from './kernelProcess.js'

const cli = join(import.meta.dirname, '../../dist/cli.cjs')

describe('the process', () => {
  test('when it dies, whoever waits hears why', async () => {
    const other = await startKernel({ cwd: folder })
    await expect(run('process.kill(process.pid, "SIGKILL")', other)).rejects.toThrow(
      new KernelDiedError('The kernel ended with signal SIGKILL'),
    )
    await expect(run('1', other)).rejects.toThrow(KernelDiedError)
    await other.shutdown()
  })

  test('outlives a fault of its protocol, and tells it', async () => {
    const other = await startKernel({ cwd: folder })
    onTestFinished(() => other.shutdown())
    const messages = await run(
      `import { Worker } from 'node:worker_threads'
      const { postMessage } = Worker.prototype
      Worker.prototype.postMessage = function (message) {
        Worker.prototype.postMessage = postMessage
        postMessage.call(this, { type: 'output' })
        postMessage.call(this, message)
      }
      console.log('printed')
      await new Promise(resolve => setTimeout(resolve, 500))`,
      other,
    )
    expect(text(messages)).toBe('printed\n')
    expect(text(messages, 'stderr')).toContain("sdnb: the kernel's protocol failed: TypeError")
    expect(result(await run('"lives"', other))).toBe(`'lives'`)
  })

  test('that runs out of memory says so', async () => {
    vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=100')
    const other = await startKernel({ cwd: folder }).finally(() => vi.unstubAllEnvs())
    const fill = `const all: string[][] = []; for (;;) all.push(new Array(1e6).fill('x'))`
    await expect(run(fill, other)).rejects.toThrow(/^The kernel ran out of memory/)
  })

  test('leaves nothing behind 2 s after a shutdown, out of a loop without end too', async () => {
    for (const code of ['process.pid', '!sleep 62.5 & sleep 62.5', 'for (;;);']) {
      const other = await startKernel({ cwd: folder })
      const pid = Number(result(await run('process.pid', other)))
      run(code, other).catch(() => {})
      await setTimeout(200)
      const started = performance.now()
      await other.shutdown()
      expect(performance.now() - started).toBeLessThan(2000)
      expect(isAlive(pid)).toBe(false)
    }
    expect(processesWith('sleep 62.5')).toEqual([])
  })

  test('ends with its parent, however that ends, even in a loop without end', async () => {
    const source = (text: string) => ({
      cell_type: 'code',
      id: text[0],
      metadata: {},
      source: text,
      outputs: [],
      execution_count: null,
    })
    const cells = [source('console.log(process.pid)'), source('for (;;);')]
    await write('loop.sdnb', JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }))
    const parent = spawn(process.execPath, [cli, 'run', join(folder, 'loop.sdnb')])
    const [printed] = await once(parent.stdout, 'data')
    const pid = Number(/\d+/.exec(String(printed))![0])
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  })
})
