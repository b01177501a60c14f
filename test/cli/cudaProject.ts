import { spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { sharedLibrary } from '../support/elf.js'
import { collected, type Ended, newFolder, root } from './sdnb.js'

const require = createRequire(import.meta.url)
const installed = join(dirname(require.resolve('onnxruntime-node')), '..')
const AdmZip = createRequire(join(installed, 'script/'))('adm-zip')

/** A folder with sdnb installed in it, whose onnxruntime-node is its own: without a CUDA provider, and with another feed. */
export interface CudaProject {
  folder: string
  onnxruntime: string
  /** onnxruntime's libraries */
  bin: string
  /** where CUDA's libraries are brought to */
  cuda: string
  env: NodeJS.ProcessEnv
  start(...args: string[]): { stop(signal: NodeJS.Signals): void; ended: Promise<Ended> }
  run(...args: string[]): Promise<Ended>
}

/** @param feed address of the NuGet feed that the install script asks */
export function cudaProject(feed = 'https://localhost:1/index.json'): CudaProject {
  const folder = newFolder()
  const [modules, programs] = [join(folder, 'node_modules'), join(folder, 'programs')]
  const [sdnb, onnxruntime] = [join(modules, 'sdnb'), join(modules, 'onnxruntime-node')]
  const bin = join(onnxruntime, 'bin/napi-v6/linux/x64')
  for (const made of [sdnb, bin, programs]) mkdirSync(made, { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!['onnxruntime-node', 'sdnb'].includes(name) && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
  cpSync(join(root, 'package.json'), join(sdnb, 'package.json'))
  cpSync(join(root, 'dist'), join(sdnb, 'dist'), {
    recursive: true,
    filter: path => !/dist\/(types|test)$|\.vsix$/.test(path),
  })
  symlinkSync(join(root, 'models'), join(sdnb, 'models'))
  for (const part of ['package.json', 'dist', 'script'])
    cpSync(join(installed, part), join(onnxruntime, part), { recursive: true })
  for (const name of ['libonnxruntime.so.1', 'onnxruntime_binding.node'])
    copyOrLink(join(installed, 'bin/napi-v6/linux/x64', name), join(bin, name))
  useFeed(onnxruntime, feed)

  const { LD_LIBRARY_PATH: _, CUDA_PATH: _cuda, VIRTUAL_ENV: _venv, CONDA_PREFIX: _conda, ...others } = process.env
  const env = {
    ...others,
    PATH: `${programs}${delimiter}${process.env.PATH}`,
    XDG_DATA_HOME: join(folder, 'data'),
    HF_HOME: join(folder, 'hub'),
    TMPDIR: folder,
  }
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [join(sdnb, 'dist/cli.cjs'), ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return { stop: (signal: NodeJS.Signals) => void child.kill(signal), ended: collected(child) }
  }
  const run = (...args: string[]) => start(...args).ended
  return { folder, onnxruntime, bin, cuda: join(folder, 'data/sdnb/cuda12'), env, start, run }
}

function copyOrLink(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    cpSync(from, to) // it is on another disk
  }
}

export function addProvider({ bin }: CudaProject): void {
  writeFileSync(join(bin, 'libonnxruntime_providers_cuda.so'), provider)
  writeFileSync(join(bin, 'libonnxruntime_providers_shared.so'), sharedLibrary([]))
}

/** Has the install script of a copy of onnxruntime-node ask another feed. */
export function useFeed(onnxruntime: string, index: string): void {
  const line = `\nmodule.exports.feeds.nuget.index = ${JSON.stringify(index)}\n`
  appendFileSync(join(onnxruntime, 'script/install-metadata.js'), line)
}

/** A program that the project finds before the system's. */
export function addProgram({ folder }: CudaProject, name: string, script: string): void {
  const file = join(folder, 'programs', name)
  writeFileSync(file, script)
  chmodSync(file, 0o755)
}

/** All of CUDA but cuDNN. */
export const toolkit = [
  ...['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcurand.so.10', 'libcufft.so.11'],
  ...['libnvrtc.so.12', 'libnvJitLink.so.12', 'libcuda.so.1'],
]

/** Libraries that need nothing, in a folder of their own. @returns it */
export function addLibraries({ folder }: { folder: string }, ...names: string[]): string {
  const libraries = join(folder, 'toolkit')
  mkdirSync(libraries, { recursive: true })
  for (const name of names) writeFileSync(join(libraries, name), sharedLibrary([]))
  return libraries
}

export const provider = sharedLibrary(['libcudart.so.12', 'libcublas.so.12', 'libcuda.so.1', 'libc.so.6'], '$ORIGIN')

/** What NuGet would send: its package, a zip file. */
export function nugetPackage(): Buffer {
  const zip = new AdmZip()
  for (const name of ['cuda', 'shared', 'tensorrt'])
    zip.addFile(`runtimes/linux-x64/native/libonnxruntime_providers_${name}.so`, provider)
  return zip.toBuffer()
}

/** A wheel of one of pip's nvidia packages with one library. @returns its file's name */
export function addWheel(folder: string, name: string, version: string, library: string): void {
  const module = `nvidia_${name}_cu12`
  const info = `${module}-${version}.dist-info`
  const files: Record<string, Buffer> = {
    [`nvidia/${name}/lib/${library}`]: sharedLibrary([]),
    [`${info}/METADATA`]: Buffer.from(`Metadata-Version: 2.1\nName: ${module}\nVersion: ${version}\n`),
    [`${info}/WHEEL`]: Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
  }
  const record = [...Object.keys(files), `${info}/RECORD`].map(file => `${file},,\n`).join('')
  const zip = new AdmZip()
  for (const [file, content] of Object.entries(files)) zip.addFile(file, content)
  zip.addFile(`${info}/RECORD`, Buffer.from(record))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${module}-${version}-py3-none-any.whl`), zip.toBuffer())
}
