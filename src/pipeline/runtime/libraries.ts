import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Device } from './messages.js'

/**
 * The environment of a device's engine process. The loader reads LD_LIBRARY_PATH when a process starts, so a CUDA that
 * lies outside its usual folders is named here. onnxruntime reports to its maker unless it is told not to, from 1.30 on; a user's own word
 * on that stands.
 */
export function environmentFor(device: Device, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const quiet = { ORT_DISABLE_TELEMETRY: '1', ...env }
  if (device !== 'cuda' || process.platform !== 'linux') return quiet
  const folders = libraryFolders(env)
  return folders.length > 0 ? { ...quiet, LD_LIBRARY_PATH: folders.join(delimiter) } : quiet
}

/**
 * Where CUDA's libraries are looked for before the system's folders: what the user set, what `sdnb install cuda` brought,
 * CUDA_PATH or CUDA_HOME, /usr/local/cuda*, and the nvidia packages of an active Python environment (VIRTUAL_ENV or
 * CONDA_PREFIX), which bring cuDNN too.
 */
export function libraryFolders(env: NodeJS.ProcessEnv): string[] {
  return [...(env.LD_LIBRARY_PATH?.split(delimiter) ?? []).filter(Boolean), ...cudaFolders(env).filter(existsSync)]
}

/** Where `sdnb install cuda` puts CUDA's libraries, in the layout of pip's nvidia packages. */
export function ownCudaFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local/share'), 'sdnb', 'cuda12')
}

function cudaFolders(env: NodeJS.ProcessEnv): string[] {
  const installed = [env.CUDA_PATH, env.CUDA_HOME, ...entries('/usr/local', /^cuda/)]
  const python = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter(root => root !== undefined)
  const sitePackages = python
    .flatMap(root => entries(join(root, 'lib'), /^python3/))
    .map(version => join(version, 'site-packages'))
  return [
    ...nvidiaFolders(ownCudaFolder(env)),
    ...installed.filter(root => root !== undefined).map(root => join(root, 'lib64')),
    ...sitePackages.flatMap(nvidiaFolders),
    ...python.map(root => join(root, 'lib')),
  ]
}

/** `nvidia/cudnn/lib` and the like */
const nvidiaFolders = (packages: string) => entries(join(packages, 'nvidia'), /./).map(folder => join(folder, 'lib'))

function entries(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(entry => name.test(entry))
    .map(entry => join(folder, entry))
}
