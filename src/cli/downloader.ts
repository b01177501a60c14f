import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InstallError } from './installError.js'

export interface Download {
  /** a folder of its own for temporary files, where it downloads to */
  tmp: string
  /** ending of the files that it downloads, as `.whl`: their growth is the progress */
  ending: string
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal
  onBytes?: (bytes: number) => void
}

/** How often the files are looked at, ms. */
const every = 250

/**
 * Runs a program that downloads, and tells how far it is by the files that grow.
 * @throws the signal's reason when it aborts and the program has ended
 * @throws InstallError with the last that the program said
 */
export async function runDownloader(
  program: string,
  args: string[],
  { tmp, ending, env, signal, onBytes }: Download,
): Promise<void> {
  signal?.throwIfAborted()
  // A group of its own: Ctrl+C in a terminal would reach it before it reaches us, and look like a failure.
  const child = spawn(program, args, {
    env: { ...process.env, ...env, TMPDIR: tmp },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-8192)
  })
  const stop = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', stop)
  let bytes = 0 // what was unpacked is removed before the program ends
  const timer = setInterval(() => {
    bytes = Math.max(bytes, bytesIn(tmp, ending))
    onBytes?.(bytes)
  }, every)
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
    signal?.throwIfAborted()
    if (code !== 0) throw new InstallError(reasonIn(said) || `${program} ended with exit code ${code}`)
  } finally {
    signal?.removeEventListener('abort', stop)
    clearInterval(timer)
  }
}

function bytesIn(folder: string, ending: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith(ending))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  } catch {
    return 0 // a file went away meanwhile
  }
}

/** `Error: …` as Node writes it, `ERROR: …` as pip does; the last of them is about the whole. */
function reasonIn(text: string): string {
  const lines = text.trim().split('\n')
  return (lines.findLast(line => /^(Error|ERROR): /.test(line)) ?? lines.at(-1) ?? '').replace(/^(Error|ERROR): /, '')
}
