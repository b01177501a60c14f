import { spawn } from 'node:child_process'
import type { RunningCell } from './cell.js'

const running = new Set<() => void>()

/** Runs a `!` line in the shell, in `cwd`; its output is the cell's as it comes. A failure is told, not thrown, as in Jupyter. */
export function runShell(command: string, cwd: string, cell: RunningCell): Promise<void> {
  if (!command) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      cwd,
      env: shellEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    const kill = () => {
      try {
        process.kill(process.platform === 'win32' ? child.pid! : -child.pid!, 'SIGKILL')
      } catch {
        // it has ended
      }
    }
    const settle = () => {
      cell.signal.removeEventListener('abort', kill)
      if (!isAlive(child.pid)) running.delete(kill)
    }
    running.add(kill)
    cell.signal.addEventListener('abort', kill)
    child.stdout.on('data', chunk => cell.outlet.print('stdout', chunk))
    child.stderr.on('data', chunk => cell.outlet.print('stderr', chunk))
    child.on('error', error => {
      settle()
      reject(error)
    })
    child.on('close', (code, signal) => {
      settle()
      if (code !== 0)
        cell.outlet.print('stderr', `[${command} ended with ${signal ? `signal ${signal}` : `exit code ${code}`}]\n`)
      resolve()
    })
  })
}

/** Whether the command has left something behind in the background. */
function isAlive(group: number | undefined): boolean {
  if (group === undefined || process.platform === 'win32') return false
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

/** Ends what still runs; for the kernel's own end. */
export function killShells(): void {
  for (const kill of running) kill()
}

/** Without what a surrounding `npm run` has set: an inner npm would take the outer package for its own. */
function shellEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_(local_prefix|loglevel))|^INIT_CWD$/i.test(name),
  )
  return Object.fromEntries(inherited)
}
