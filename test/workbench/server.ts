import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processesOf } from '../support/processes.js'
import type { Installed } from './globalSetup.js'

export interface ServerOptions {
  /** of the user, over those that keep the workbench quiet */
  settings?: Record<string, unknown>
  /** false: a folder is not trusted until the user says so */
  trust?: boolean
  env?: NodeJS.ProcessEnv
}

export interface Server extends AsyncDisposable {
  /** host and port */
  authority: string
  /** holds settings, logs and workspace folders; gone when the server is */
  folder: string
  /** what it has printed, and VS Code's own logs' folder */
  log: string
}

/** root writes what is read-only, unless it is bound not to */
const withoutOverride = ['setpriv', '--bounding-set', '-dac_override', '--']
const isRoot = process.getuid?.() === 0
const bound =
  isRoot && spawnSync(withoutOverride[0], [...withoutOverride.slice(1), 'true']).status === 0 ? withoutOverride : []

/** A file that is read-only cannot be written by the server and its kernels. */
export const heedsReadOnly = !isRoot || bound.length > 0

const quiet = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'files.hotExit': 'off',
  'files.autoSave': 'off', // in a browser it is on, and files change while a test looks at them
  'notebook.output.textLineLimit': 10_000,
}

/** VS Code's server with the installed extension, on a port and with data of its own. */
export async function startServer({ vscode, extensions }: Installed, options: ServerOptions = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-vscode-'))
  mkdirSync(join(folder, 'data', 'User'), { recursive: true })
  writeFileSync(join(folder, 'data', 'User', 'settings.json'), JSON.stringify({ ...quiet, ...options.settings }))
  const log = join(folder, 'server.log')
  const port = await freePort()
  const output = openSync(log, 'w')
  const command = [...bound, vscode.node, vscode.main, ...flags(folder, extensions, port, options.trust ?? true)]
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      XDG_RUNTIME_DIR: folder, // else its sockets pile up in the temporary folder
      EXTENSIONS_GALLERY: '{}', // it asks no gallery
      ...options.env,
    },
  })
  closeSync(output)
  const authority = `127.0.0.1:${port}`
  try {
    await untilItAnswers(authority, child, log)
  } catch (error) {
    await stop(child, folder)
    throw error
  }
  return { authority, folder, log, [Symbol.asyncDispose]: () => stop(child, folder) }
}

function flags(folder: string, extensions: string, port: number, trust: boolean): string[] {
  return [
    ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token', '--accept-server-license-terms'],
    ...['--telemetry-level', 'off', '--disable-getting-started-override'],
    '--enable-smoke-test-driver', // the page honours extensionDevelopmentPath and extensionTestsPath
    ...(trust ? ['--disable-workspace-trust'] : []),
    ...['--server-data-dir', folder, '--user-data-dir', join(folder, 'data'), '--extensions-dir', extensions],
  ]
}

async function untilItAnswers(authority: string, child: ChildProcess, log: string) {
  for (const start = Date.now(); Date.now() - start < 60_000 && child.exitCode === null; ) {
    const response = await fetch(`http://${authority}/version`).catch(() => undefined)
    if (response?.ok) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`VS Code's server did not start:\n${readFileSync(log, 'utf8')}`)
}

/** Kernels outlive a window that reloads; those of this server have its folder in their environment. */
async function stop(child: ChildProcess, folder: string) {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), 5000)
    await exited
    clearTimeout(force)
  }
  for (const pid of processesOf(folder))
    try {
      process.kill(pid, 'SIGKILL')
    } catch {} // it has ended meanwhile
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
