import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { ConnectionFileError, parseConnection } from '../protocol/connection.js'
import { UsageError } from './usageError.js'

/**
 * `sdnb kernel start`: this process becomes a kernel for Jupyter's clients, as its kernelspec has it started.
 * @throws UsageError when the file is no connection file
 */
export async function startJupyterKernel({ connectionFile }: { connectionFile: string }): Promise<void> {
  try {
    parseConnection(readFileSync(connectionFile, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new UsageError(`${connectionFile}: no such file`)
    if (error instanceof ConnectionFileError || code) throw new UsageError(`${connectionFile}: ${message}`)
    throw error
  }
  const kernelProcess = createRequire(import.meta.url).resolve('#kernelProcess')
  process.argv = [process.execPath, kernelProcess, '--connection-file', connectionFile]
  await import(pathToFileURL(kernelProcess).href)
}
