import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Device } from './messages.js'

/**
 * The environment of a device's engine process. The loader reads LD_LIBRARY_PATH when a process starts, so a CUDA that
 * lies outside its usual folders is named here: CUDA_PATH or CUDA_HOME, /usr/local/cuda*, and the nvidia packages of an
 * active Python environment (VIRTUAL_ENV or CONDA_PREFIX), which bring cuDNN too. What the user set comes first.
 */
export function environmentFor(device: Device, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  if (device !== 'cuda' || process.platform !== 'linux') return env
  const folders = [env.LD_LIBRARY_PATH, ...cudaFolders(env).filter(existsSync)].filter(Boolean)
  return folders.length > 0 ? { ...env, LD_LIBRARY_PATH: folders.join(delimiter) } : env
}

function cudaFolders(env: NodeJS.ProcessEnv): string[] {
  const installed = [env.CUDA_PATH, env.CUDA_HOME, ...entries('/usr/local', /^cuda/)]
  const python = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter(root => root !== undefined)
  return [
    ...installed.filter(root => root !== undefined).map(root => join(root, 'lib64')),
    ...python
      .flatMap(root => entries(join(root, 'lib'), /^python3/))
      .flatMap(version => entries(join(version, 'site-packages/nvidia'), /./))
      .map(nvidiaPackage => join(nvidiaPackage, 'lib')),
    ...python.map(root => join(root, 'lib')),
  ]
}

function entries(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(entry => name.test(entry))
    .map(entry => join(folder, entry))
}
