import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../../src/protocol/connection.js'
import { root } from '../cli/sdnb.js'
import { connect, type JupyterClient, newConnection } from './jupyterClient.js'

/** A kernel started as Jupyter starts it, with a client that has subscribed. */
export interface JupyterKernel {
  process: ChildProcess
  connection: Connection
  client: JupyterClient
  /** rejects when the process ends by itself */
  ended: Promise<never>
  /** Ends the process by force, and removes its folder. */
  end(): Promise<void>
}

export async function startJupyterKernel(): Promise<JupyterKernel> {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-jupyter-'))
  const connection = await newConnection()
  const file = join(folder, 'connection.json')
  writeFileSync(file, JSON.stringify(connection))
  const args = [join(root, 'dist/cli.cjs'), 'kernel', 'start', '--connection-file', file]
  const process_ = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  const exit = once(process_, 'exit')
  // before the kernel listens, another may have had one of its ports
  const client = connect(connection, '', () => {})
  const welcome = client.until(({ type }) => type === 'iopub_welcome')
  const ended = exit.then(([code]) => Promise.reject(new Error(`the kernel ended with ${code}`)))
  ended.catch(() => {})
  await Promise.race([welcome, ended])
  return {
    ...{ process: process_, connection, client, ended },
    async end() {
      client.close()
      process_.kill('SIGKILL')
      await exit
      rmSync(folder, { recursive: true })
    },
  }
}
