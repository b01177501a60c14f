import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { source } from '../source.mjs'

const { connect, newConnection } = await source('../test/kernel/jupyterClient.ts')

/** Starts a kernel, and calls `use` with it once it has answered; `ready` is how long that took since `started`, in ms. */
export async function withKernel({ argv }, use) {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-bench-'))
  const file = join(folder, 'connection.json')
  const connection = await newConnection()
  writeFileSync(file, JSON.stringify({ ...connection, kernel_name: '' }))
  let refused = 0
  const client = connect(connection, '', () => refused++) // Deno's signature is wrong, once in some thousand messages
  const started = performance.now()
  const [command, ...args] = argv(file)
  const child = spawn(command, args, { cwd: folder, stdio: 'ignore' })
  const exit = once(child, 'exit')
  const ended = exit.then(([code, signal]) => Promise.reject(new Error(`${command} ended with ${signal ?? code}`)))
  ended.catch(() => {})
  try {
    const id = client.send('kernel_info_request', {})
    const answered = client.until(({ parent, type }) => parent === id && type === 'kernel_info_reply')
    const { at } = await Promise.race([answered, ended])
    // A publisher tells nothing to who has not subscribed yet.
    while (!client.heard.some(({ channel }) => channel === 'iopub')) {
      client.send('kernel_info_request', {})
      await setTimeout(20)
    }
    return await Promise.race([
      use({ client, ready: at - started, started, pid: child.pid, refused: () => refused }),
      ended,
    ])
  } finally {
    client.close()
    child.kill('SIGKILL')
    await exit
    rmSync(folder, { recursive: true })
  }
}

/** MB that a process and those it started hold. */
export function residentMegabytes(pid) {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' })
  const rows = table
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
  const of = parent => rows.filter(([, ppid]) => ppid === parent).reduce((sum, [pid, , rss]) => sum + rss + of(pid), 0)
  return ((rows.find(([id]) => id === pid)[2] + of(pid)) * 1024) / 1e6
}
