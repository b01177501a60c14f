import { spawn } from 'node:child_process'
import type { NodeRuntime } from '../nodePath.js'
import { lineSplitter } from './lines.js'

export interface CommandLine {
  node: NodeRuntime
  cliFile: string
}

export interface RunOptions {
  /** asks it to stop, as Ctrl+C does */
  signal?: AbortSignal
  /** of stdout, as they come */
  onLine?: (line: string) => void
  /** exit codes with which it has still printed what was asked for (0) */
  exitCodes?: number[]
}

/**
 * Runs `sdnb …` to its end; resolves to what it printed.
 * @throws Error with what it said on stderr, where its exit code is another
 */
export async function runCommandLine(
  { node, cliFile }: CommandLine,
  args: string[],
  { signal, onLine, exitCodes = [0] }: RunOptions = {},
): Promise<string> {
  signal?.throwIfAborted()
  const child = spawn(node.execPath, [cliFile, ...args], {
    env: node.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const stop = () => child.kill('SIGINT')
  signal?.addEventListener('abort', stop)
  let [stdout, stderr] = ['', '']
  const split = onLine && lineSplitter(onLine)
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
    split?.(text)
  })
  child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
    signal?.throwIfAborted()
    if (code !== null && exitCodes.includes(code)) return stdout
    throw new Error(said(stderr) || `sdnb ${args[0]} ended with exit code ${code}`)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** What `sdnb … --json` prints. @throws Error as {@link runCommandLine} */
export async function askCommandLine<T>(
  commandLine: CommandLine,
  args: string[],
  options?: Pick<RunOptions, 'exitCodes'>,
): Promise<T> {
  return JSON.parse(await runCommandLine(commandLine, [...args, '--json'], options)) as T
}

const said = (stderr: string) => stderr.trim().replace(/^sdnb: /, '')
