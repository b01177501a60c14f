import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, root, sdnb } from '../cli/sdnb.js'
import { processesWith } from '../support/processes.js'
import { connect, newConnection } from './jupyterClient.js'
import { startJupyterKernel } from './jupyterKernel.js'

test('a port that is taken is told, and ends the kernel', async () => {
  const kernel = await startJupyterKernel()
  onTestFinished(() => kernel.end())
  const folder = newFolder()
  const { hb_port } = kernel.connection
  writeFileSync(join(folder, 'c.json'), JSON.stringify({ ...(await newConnection()), hb_port }))
  const { code, stderr } = await sdnb(folder, 'kernel', 'start', '--connection-file', 'c.json')
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`cannot listen on tcp://127.0.0.1:${hb_port}: Address already in use`))
})

test('an interrupt that comes while the kernel starts leaves it whole', async () => {
  for (let afterMs = 0; afterMs < 200; afterMs += 20) {
    const kernel = await startJupyterKernel()
    await setTimeout(afterMs)
    kernel.client.send('interrupt_request', {}, 'control')
    expect((await kernel.client.ask('execute_request', { code: '1' })).reply.status).toBe('ok')
    await kernel.end()
  }
})

test('shutdown is answered to who asked and told to all, and ends the process', async () => {
  const kernel = await startJupyterKernel()
  onTestFinished(() => kernel.end())
  const { client } = kernel
  const exit = once(kernel.process, 'exit')
  expect((await client.ask('shutdown_request', { restart: true }, 'control')).reply).toEqual({
    status: 'ok',
    restart: true,
  })
  await client.until(({ channel, type }) => channel === 'iopub' && type === 'shutdown_reply')
  expect(await exit).toEqual([0, null])
})

test.skipIf(process.platform === 'win32')('whatever ends it, it ends by itself, with a code that tells', async () => {
  const kernel = async () => {
    const kernel = await startJupyterKernel()
    onTestFinished(() => kernel.end())
    return { ...kernel, exit: once(kernel.process, 'exit') }
  }
  const [signalled, failed] = [await kernel(), await kernel()]
  signalled.process.kill('SIGTERM')
  expect(await signalled.exit).toEqual([143, null])
  const code = `import { Worker } from 'node:worker_threads'
    const { postMessage } = Worker.prototype
    Worker.prototype.postMessage = function () {
      Worker.prototype.postMessage = postMessage
      this.emit('error', { stack: 'a fault that the test has made' })
    }
    console.log('a message to the other thread')`
  failed.client.send('execute_request', { code })
  expect(await failed.exit).toEqual([1, null])
})

test.skipIf(process.platform === 'win32')('it ends with the Jupyter that started it, also in a loop', async () => {
  const folder = newFolder()
  const connection = await newConnection()
  const file = join(folder, 'connection.json')
  writeFileSync(file, JSON.stringify(connection))
  const start = `require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'ignore' }); setInterval(() => {}, 9999)`
  const args = [join(root, 'dist/cli.cjs'), 'kernel', 'start', '--connection-file', file]
  const env = { ...process.env, JPY_PARENT_PID: '1' }
  const parent = spawn(process.execPath, ['-e', start, ...args], { env, stdio: 'ignore' })
  const client = connect(connection)
  onTestFinished(() => client.close())
  await client.until(({ type }) => type === 'iopub_welcome')
  client.send('execute_request', { code: 'for (;;);' })
  await client.until(({ type }) => type === 'execute_input')
  parent.kill('SIGKILL')
  await expect.poll(() => processesWith(file), { timeout: 10_000 }).toEqual([])
})
