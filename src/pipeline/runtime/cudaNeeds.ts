import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { libraryFolders } from './libraries.js'
import { type NvidiaGpu, nvidiaGpu } from './nvidiaGpu.js'
import { type LibraryUse, libraryUses, libraryUsesOf } from './sharedLibraries.js'

/** Something that a device needs. */
export interface DeviceNeed {
  /** as `NVIDIA driver` or `libcudart.so.12` */
  name: string
  /** its path, or what it is; undefined where it is missing */
  found?: string
  /** what to do, where it is missing or too old */
  mend?: string
}

/** Where onnxruntime looks for its CUDA provider: beside its own library. */
export interface OnnxruntimePackage {
  folder: string
  version: string
  binFolder: string
}

/** The provider, and what it is loaded by. */
export const providerFiles = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so']

/** The CUDA that onnxruntime-node's install script brings a provider for. */
export const cudaOfScript = 12

/** What is opened by name when it is first needed, so that no library tells of it; by the CUDA of the provider. */
const openedByName: Record<number, string[]> = {
  12: ['libcudnn.so.9', 'libcufft.so.11', 'libnvrtc.so.12', 'libnvJitLink.so.12'],
  13: ['libcudnn.so.9', 'libcufft.so.12', 'libnvrtc.so.13', 'libnvJitLink.so.13'],
}

/** What any provider is loaded with, for the time before there is one. */
const loadedWith = ['libcublas.so.12', 'libcublasLt.so.12', 'libcudart.so.12', 'libcurand.so.10']

/** The oldest driver that runs programs of a CUDA (https://docs.nvidia.com/deploy/cuda-compatibility). */
const oldestDriver: Record<number, number> = { 12: 525, 13: 580 }

/** The onnxruntime-node that is installed. */
export function onnxruntimePackage(): OnnxruntimePackage {
  const require = createRequire(import.meta.url)
  const folder = resolve(dirname(require.resolve('onnxruntime-node')), '..')
  const { version } = require(join(folder, 'package.json')) as { version: string }
  return { folder, version, binFolder: join(folder, 'bin/napi-v6', process.platform, process.arch) }
}

/** GPU, driver, onnxruntime's provider and each of CUDA's libraries, on Linux. */
export async function cudaNeeds(env: NodeJS.ProcessEnv = process.env): Promise<DeviceNeed[]> {
  const { gpus, driver } = await nvidiaGpu()
  const libraries = libraryNeeds(env)
  return [
    {
      name: 'NVIDIA GPU',
      found: gpus.length > 0 ? gpus.map(gpuText).join('; ') : undefined,
      mend: gpus.length > 0 ? undefined : 'none is seen here; a container must be started with --gpus all',
    },
    driverNeed(driver, cudaOf(libraries)),
    ...libraries,
  ]
}

/** The part of them that can be installed: the provider, and CUDA's libraries that it is loaded with or opens by name. */
export function libraryNeeds(env: NodeJS.ProcessEnv = process.env): DeviceNeed[] {
  const { binFolder } = onnxruntimePackage()
  const [provider, shared] = providerFiles.map(name => join(binFolder, name))
  const folders = libraryFolders(env)
  const isThere = existsSync(provider)
  const loaded = isThere ? libraryUsesOf(provider, folders) : libraryUses([...loadedWith, 'libcuda.so.1'], folders)
  const major = cudaOf(loaded)
  const byName = libraryUses(openedByName[major] ?? [], folders)
  const uses = new Map(
    [...byName, ...loaded].map(use => [use.name, isOfOtherCuda(use, major) ? { name: use.name } : use]),
  )
  // Of the system's own, as libm.so.6, only what is missing is worth a line; onnxruntime brings its other parts itself.
  const told = [...uses.values()].filter(
    ({ name, path }) => !name.startsWith('libonnxruntime') && (!path || isOfNvidia(name)),
  )
  return [
    ...[provider, shared].map(file =>
      existsSync(file) ? { name: basename(file), found: file } : { name: basename(file), mend: install },
    ),
    ...told
      .sort((a, b) => a.name.localeCompare(b.name))
      .map(({ name, path }) => ({ name, found: path, mend: path === undefined ? mendOf(name, major) : undefined })),
  ]
}

const install = 'sdnb install cuda'

/** The CUDA that the libraries are of: 12 for libcudart.so.12. */
export function cudaOf(libraries: { name: string }[]): number {
  const runtime = libraries.find(({ name }) => name.startsWith('libcudart.so.'))
  return Number(runtime?.name.split('.').at(-1) ?? cudaOfScript)
}

const isOfNvidia = (name: string) => /^lib(cu|nv)/.test(basename(name))

/** cuDNN has one name for every CUDA; pip's package tells which it is for, as `nvidia_cudnn_cu13-9.28.0.42.dist-info`. */
function isOfOtherCuda({ name, path }: LibraryUse, major: number): boolean {
  if (name !== 'libcudnn.so.9' || !path?.endsWith('/nvidia/cudnn/lib/libcudnn.so.9')) return false
  const sitePackages = resolve(path, '../../../..')
  const cudas = readdirSync(sitePackages).flatMap(entry => /^nvidia_cudnn_cu(\d+)-/.exec(entry)?.[1] ?? [])
  return cudas.length > 0 && !cudas.includes(String(major))
}

function mendOf(name: string, major: number): string {
  if (name === 'libcuda.so.1') return "it comes with NVIDIA's driver; a container must be started with --gpus all"
  if (!isOfNvidia(name)) return "install it with the system's package manager"
  if (major === cudaOfScript) return install
  return `install CUDA ${major} and cuDNN 9, or pip's nvidia packages for CUDA ${major} in the active Python environment`
}

function driverNeed(driver: NvidiaGpu['driver'], cuda: number): DeviceNeed {
  const oldest = oldestDriver[cuda]
  const advice = `driver ${oldest} or later (on WSL that of Windows)`
  const name = 'NVIDIA driver'
  if (!driver) return { name, mend: `install NVIDIA's ${advice}` }
  const found = `${driver.version}${driver.cuda ? `, up to CUDA ${driver.cuda}` : ''}`
  const isTooOld = Number.parseInt(driver.version, 10) < oldest
  return { name, found, mend: isTooOld ? `CUDA ${cuda} wants ${advice}` : undefined }
}

const gpuText = ({ name, memory }: NvidiaGpu['gpus'][number]) =>
  memory ? `${name}, ${(memory / 1e9).toPrecision(3)} GB` : name
