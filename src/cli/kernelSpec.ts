import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from './usageError.js'

/** Where Jupyter is to find the kernel: for this user (the default), below a folder, or in a Python environment. */
export interface KernelSpecOptions {
  user?: boolean
  prefix?: string
  sysPrefix?: boolean
  json?: boolean
}

/**
 * `sdnb kernel install`: writes the kernelspec `sdnb`, in place of one that is there.
 * @throws UsageError for wrong use, and when no Python environment is found
 */
export function installKernelSpec(options: KernelSpecOptions): void {
  const folder = specFolder(options)
  const root = packageRoot()
  const spec = {
    argv: [process.execPath, join(root, 'dist/cli.cjs'), 'kernel', 'start', '--connection-file', '{connection_file}'],
    display_name: 'SD Notebook',
    language: 'typescript',
    interrupt_mode: 'message',
    kernel_protocol_version: '5.5',
    metadata: {},
  }
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    cpSync(join(root, 'assets/kernel'), folder, { recursive: true })
    writeFileSync(join(folder, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`)
  } catch (error) {
    throw new UsageError(`${folder}: could not be written (${(error as Error).message}): name another place`)
  }
  say(options, { installed: folder }, `Jupyter finds the kernel "${spec.display_name}" in ${folder}`)
}

/**
 * `sdnb kernel uninstall`: removes the kernelspec from where the same options put it.
 * @throws UsageError for wrong use, and when there is none
 */
export function uninstallKernelSpec(options: KernelSpecOptions): void {
  const folder = specFolder(options)
  if (!existsSync(folder)) throw new UsageError(`${folder}: there is no kernel to remove`)
  rmSync(folder, { recursive: true })
  say(options, { removed: folder }, `Removed ${folder}`)
}

function say({ json }: KernelSpecOptions, summary: object, text: string) {
  process.stdout.write(`${json ? JSON.stringify(summary) : text}\n`)
}

function specFolder({ user, prefix, sysPrefix }: KernelSpecOptions): string {
  if ([user, prefix !== undefined, sysPrefix].filter(Boolean).length > 1)
    throw new UsageError('--user, --prefix and --sys-prefix exclude each other: give one')
  if (prefix === '') throw new UsageError('--prefix: an empty folder name was given')
  const below = sysPrefix ? pythonPrefix() : prefix
  const data = below === undefined ? userDataFolder() : join(resolve(below), 'share/jupyter')
  return join(data, 'kernels/sdnb')
}

/** `jupyter_data_dir()` of jupyter_core. */
function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR
  if (process.platform === 'darwin') return join(homedir(), 'Library/Jupyter')
  if (process.platform === 'win32') return APPDATA ? join(APPDATA, 'jupyter') : join(homedir(), '.jupyter/data')
  return join(XDG_DATA_HOME || join(homedir(), '.local/share'), 'jupyter')
}

/** The folder of the Python environment that is active here. */
function pythonPrefix(): string {
  const { VIRTUAL_ENV, CONDA_PREFIX } = process.env
  if (VIRTUAL_ENV || CONDA_PREFIX) return (VIRTUAL_ENV || CONDA_PREFIX)!
  for (const python of process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python'])
    try {
      const asked = ['-c', 'import sys; print(sys.prefix)']
      return execFileSync(python, asked, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {
      // another name may do
    }
  throw new UsageError('--sys-prefix: found no Python: activate its environment, or give its folder with --prefix')
}

function packageRoot(): string {
  return dirname(createRequire(import.meta.url).resolve('sdnb/package.json'))
}
