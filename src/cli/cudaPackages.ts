import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Download, runDownloader } from './downloader.js'
import { InstallError } from './installError.js'
import { inWorkFolder } from './workFolder.js'

/** One of pip's nvidia packages. */
export interface CudaPackage {
  name: string
  version: string
  libraries: string[]
  /** of the wheel */
  bytes: number
  /** of its files */
  unpacked: number
}

/**
 * What a provider for CUDA 12 opens, at the last versions of CUDA 12 (12.9) and a cuDNN 9 for it. Their majors must be the
 * provider's; a newer minor runs what was built with an older one. Sizes are those of the wheels for Linux on x64.
 */
export const cudaPackages: CudaPackage[] = [
  cudaPackage('cuda-runtime', '12.9.79', ['libcudart.so.12'], 3_493_179, 9_619_472),
  cudaPackage('cublas', '12.9.1.4', ['libcublas.so.12', 'libcublasLt.so.12'], 581_242_350, 855_760_470),
  cudaPackage('cuda-nvrtc', '12.9.86', ['libnvrtc.so.12'], 89_568_129, 227_449_426),
  cudaPackage('cufft', '11.4.1.4', ['libcufft.so.11'], 200_877_592, 293_721_862),
  cudaPackage('curand', '10.3.10.19', ['libcurand.so.10'], 68_295_626, 169_133_682),
  cudaPackage('nvjitlink', '12.9.86', ['libnvJitLink.so.12'], 39_748_338, 96_014_630),
  cudaPackage('cudnn', '9.28.0.42', ['libcudnn.so.9'], 716_538_495, 1_163_618_106),
]

function cudaPackage(name: string, version: string, libraries: string[], bytes: number, unpacked: number): CudaPackage {
  return { name: `nvidia-${name}-cu12`, version, libraries, bytes, unpacked }
}

/** What the disk of `folder` must have room for: they come one after the other, and a wheel is gone before the next. */
export function roomFor(packages: CudaPackage[]): number {
  const unpacked = packages.reduce((sum, { unpacked }) => sum + unpacked, 0)
  return unpacked + Math.max(0, ...packages.map(({ bytes }) => bytes))
}

/** A Python that has pip, as a program's name. @throws InstallError where there is none; it says what to do by hand */
export async function pythonWithPip(): Promise<string> {
  for (const python of ['python3', 'python'])
    try {
      await promisify(execFile)(python, ['-m', 'pip', '--version'], { timeout: 30_000 })
      return python
    } catch {
      // it is not there, or has no pip
    }
  throw new InstallError(
    'CUDA 12 and cuDNN 9 come by pip, and no Python with pip was found. ' +
      'By hand: install pip (Debian and Ubuntu: python3-pip) and run the command again, or install the CUDA 12 toolkit and cuDNN 9 ' +
      'and name their folder in CUDA_PATH or LD_LIBRARY_PATH',
  )
}

const pipArgs = (folder: string, { name, version }: CudaPackage) => {
  const options = ['--no-deps', '--only-binary=:all:', '--target', folder]
  return ['-m', 'pip', 'install', ...options, `${name}==${version}`]
}

/** Settings of the user's that cannot go with a folder of our own. */
const pipEnvironment = { PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' }

/**
 * Brings a package into `folder`, where `nvidia/*` is then all of it or none of it.
 * @throws the signal's reason, or InstallError
 */
export async function installCudaPackage(
  python: string,
  wanted: CudaPackage,
  folder: string,
  options: Pick<Download, 'signal' | 'onBytes'>,
): Promise<void> {
  await inWorkFolder(folder, async work => {
    const target = join(work, 'target')
    // Its cache would be a second copy of gigabytes.
    const quiet = ['--no-cache-dir', '--no-compile', '--no-input', '--progress-bar=off']
    const download = { ...options, tmp: join(work, 'tmp'), ending: '.whl', env: pipEnvironment }
    try {
      await runDownloader(python, [...pipArgs(target, wanted), ...quiet], download)
    } catch (error) {
      if (!(error instanceof InstallError)) throw error
      const byHand = `${python} ${pipArgs(folder, wanted).join(' ')}`
      throw new InstallError(`pip could not install ${wanted.name}: ${error.message}. By hand: ${byHand}`)
    }
    const brought = existsSync(join(target, 'nvidia')) ? readdirSync(join(target, 'nvidia')) : []
    const libraries = brought.flatMap(name => entries(join(target, 'nvidia', name, 'lib')))
    const missing = wanted.libraries.filter(library => !libraries.includes(library))
    if (missing.length > 0) throw new InstallError(`${wanted.name} ${wanted.version} brought no ${missing.join(', ')}`)
    // With the licence, which is in *.dist-info.
    const moved = [...entries(target).filter(name => name !== 'nvidia'), ...brought.map(name => join('nvidia', name))]
    mkdirSync(join(folder, 'nvidia'), { recursive: true })
    for (const name of moved) {
      rmSync(join(folder, name), { recursive: true, force: true })
      renameSync(join(target, name), join(folder, name))
    }
  })
}

const entries = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
