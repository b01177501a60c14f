import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type KernelClient, startKernel } from '../../src/kernel/client.js'
import { processesWith } from '../support/processes.js'

/** the client's end of the connection that was made last */
let socket: Socket
vi.mock('node:net', async importOriginal => {
  const net = await importOriginal<typeof import('node:net')>()
  const connect = (path: string) => {
    socket = net.connect(path)
    return socket
  }
  return { ...net, connect }
})

async function started() {
  const kernel = await startKernel({ cwd: tmpdir() })
  onTestFinished(() => kernel.shutdown())
  return kernel
}

async function run(kernel: KernelClient, code: string): Promise<void> {
  for await (const _ of kernel.execute(code));
}

test.runIf(process.platform === 'linux')('a connection that closes fails whoever waits', async () => {
  const kernel = await started()
  const waiting = run(kernel, `process.kill(process.pid, 'SIGSTOP')`)
  await expect.poll(() => processesWith('kernelProcess.js --socket').some(isStopped)).toBe(true)
  socket.destroy()
  const lost = 'The kernel closed the connection'
  await expect(waiting).rejects.toThrow(lost)
  await expect(run(kernel, '1')).rejects.toThrow(lost)
})

const isStopped = (pid: number) => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

test('so does what is no frame', async () => {
  const kernel = await started()
  const waiting = run(kernel, 'await new Promise(() => {})')
  socket.emit('data', Buffer.alloc(8, 255))
  await expect(waiting).rejects.toThrow(/^The kernel sent what is no message: expected a frame of at most/)
})

test('a kernel that cannot start tells its last words', async () => {
  vi.stubEnv('NODE_OPTIONS', '--bad-flag')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(startKernel({ cwd: tmpdir() })).rejects.toThrow(
    /^The kernel ended with exit code 9 before it listened; its last words:\n.*--bad-flag is not allowed/,
  )
})

test.skipIf(process.platform === 'win32')('the end does not wait for processes that hold the pipes', async () => {
  const kernel = await started()
  const sleep = `import { spawn } from 'node:child_process'; spawn('sh', ['-c', 'sleep 64.5 &'], { stdio: 'inherit' })`
  await run(kernel, sleep)
  onTestFinished(() => {
    for (const pid of processesWith('sleep 64.5')) process.kill(pid)
  })
  const begun = performance.now()
  await kernel.shutdown()
  expect(performance.now() - begun).toBeLessThan(1500)
  expect(processesWith('sleep 64.5')).toHaveLength(1)
})
