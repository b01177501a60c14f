import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  cudaNeeds,
  cudaOf,
  cudaOfScript,
  type DeviceNeed,
  onnxruntimePackage,
  ownCudaFolder,
  providerFiles,
  resolveDevice,
} from '../pipeline/index.js'
import type { InstallReport } from '../protocol/commandLine.js'
import { sizeText } from '../protocol/sizeText.js'
import { confirmed } from './confirmed.js'
import { type CudaPackage, cudaPackages, installCudaPackage, pythonWithPip, roomFor } from './cudaPackages.js'
import { installProvider, providerBytes } from './cudaProvider.js'
import { freeSpace } from './diskSpace.js'
import { isExpected } from './expectedError.js'
import { InstallError } from './installError.js'
import { reportLines } from './reportLines.js'
import { stopSignal } from './stopSignal.js'
import { progressView } from './terminal.js'
import { UsageError } from './usageError.js'

export interface InstallOptions {
  yes?: boolean
  dryRun?: boolean
  json?: boolean
}

/** Bytes on the disk for one of the provider's package: that, its libraries, and their copies. */
const providerRoom = 4

type Plan = Extract<InstallReport, { type: 'plan' }>

/**
 * `sdnb install cuda`: brings what the device cuda needs and is not here, the driver excepted. What a stopped one has brought
 * stays, whole libraries only, and the next goes on from there.
 * @returns the exit code: 0 done, 1 it could not be had or was not wanted after all, 128 + its number for a signal
 * @throws UsageError where nobody can be asked
 */
export async function installCuda({ yes, dryRun, json }: InstallOptions): Promise<number> {
  const show = json ? reportLines<InstallReport>() : forPeople(dryRun)
  const fail = (message: string) => process.stderr.write(`sdnb: ${message}\n`)
  const stop = stopSignal()
  stop.now.addEventListener('abort', () => process.exit(stop.reason?.exitCode))
  try {
    const { plan, missing, python } = await planned(stop.signal)
    show(plan)
    if (dryRun) return 0
    const full = plan.disks.find(({ room, free }) => room > free)
    if (full)
      throw new InstallError(
        `${full.folder} needs ${sizeText(full.room)}, its disk has ${sizeText(full.free)} left: make room`,
      )
    if (plan.bytes > 0 && !yes) {
      if (!process.stdin.isTTY || json)
        throw new UsageError('CUDA is installed only with --yes where nobody can be asked')
      if (!(await confirmed("Download it? NVIDIA's licences apply to CUDA and cuDNN. [y/N] "))) return 1
    }
    let before = 0
    const following = (bytes: number) => ({
      signal: stop.signal,
      onBytes: (loaded: number) =>
        show({ type: 'progress', loaded: before + Math.min(loaded, bytes), total: plan.bytes }),
    })
    const ended = (bytes: number) => {
      before += bytes
      show({ type: 'progress', loaded: before, total: plan.bytes })
    }
    if (missing.provider) {
      await installProvider(onnxruntimePackage(), following(missing.provider))
      ended(missing.provider)
    }
    for (const wanted of missing.packages) {
      await installCudaPackage(python!, wanted, ownCudaFolder(), following(wanted.bytes))
      ended(wanted.bytes)
    }
    const reason = await resolveDevice('cuda').then(() => undefined, whyNot)
    show({ type: 'done', works: reason === undefined, reason })
    return 0
  } catch (error) {
    if (stop.reason) {
      fail(`${stop.reason.text}: the same command goes on from here`)
      return stop.reason.exitCode
    }
    if (error instanceof UsageError || !isExpected(error)) throw error
    fail(error.message)
    return 1
  } finally {
    stop.dispose()
  }
}

interface Missing {
  /** bytes of the package that it comes in; undefined where it is here */
  provider?: number
  packages: CudaPackage[]
}

async function planned(signal: AbortSignal): Promise<{ plan: Plan; missing: Missing; python?: string }> {
  const here = `${process.platform}-${process.arch}`
  if (here !== 'linux-x64')
    throw new InstallError(
      `onnxruntime-node has CUDA on Linux x64 only, this is ${here}: the devices that sdnb doctor lists as working need no CUDA`,
    )
  const needs = await cudaNeeds()
  const onnxruntime = onnxruntimePackage()
  const missing: Missing = { packages: missingPackages(needs) }
  const isMissing = needs.some(({ name, found }) => providerFiles.includes(name) && found === undefined)
  if (isMissing) missing.provider = await providerBytes(onnxruntime, signal)
  const python = missing.packages.length > 0 ? await pythonWithPip() : undefined
  const { name, version, binFolder: folder } = { name: "onnxruntime's CUDA provider", ...onnxruntime }
  const provider = missing.provider === undefined ? [] : [{ name, version, bytes: missing.provider, folder }]
  const parts = [
    ...provider,
    ...missing.packages.map(({ name, version, bytes }) => ({ name, version, bytes, folder: ownCudaFolder() })),
  ]
  const plan: Plan = {
    type: 'plan',
    parts,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    disks: await disks([
      { folder, room: providerRoom * (missing.provider ?? 0) },
      { folder: ownCudaFolder(), room: roomFor(missing.packages) },
    ]),
    warning: warning(needs),
  }
  return { plan, missing, python }
}

/** @throws InstallError where the provider that is here is of another CUDA than the packages */
function missingPackages(needs: DeviceNeed[]): CudaPackage[] {
  const missing = needs.filter(({ found }) => found === undefined).map(({ name }) => name)
  const packages = cudaPackages.filter(({ libraries }) => libraries.some(library => missing.includes(library)))
  const cuda = cudaOf(needs)
  const others = needs.filter(
    ({ name, found, mend }) => !found && mend?.includes(`CUDA ${cuda}`) && name.includes('.so.'),
  )
  if (cuda === cudaOfScript || others.length === 0) return packages
  throw new InstallError(
    `The CUDA provider that is here is for CUDA ${cuda}, and ${others.map(({ name }) => name).join(', ')} cannot be found: ${others[0].mend}`,
  )
}

/** What stays in the way, as only a person with the machine can mend it. */
function warning(needs: DeviceNeed[]): string | undefined {
  const open = needs.find(({ name, mend }) => mend !== undefined && name.startsWith('NVIDIA'))
  return open && `${open.name}${open.found ? ` ${open.found}` : ''}: ${open.mend}`
}

/** One entry a disk, with the first folder on it. */
async function disks(folders: { folder: string; room: number }[]): Promise<Plan['disks']> {
  const byDevice = new Map<number, Plan['disks'][number]>()
  for (const { folder, room } of folders.filter(({ room }) => room > 0)) {
    const device = deviceOf(folder)
    const known = byDevice.get(device)
    if (known) known.room += room
    else byDevice.set(device, { folder, room, free: await freeSpace(folder) })
  }
  return [...byDevice.values()]
}

function deviceOf(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.dev ?? deviceOf(dirname(folder))
}

const whyNot = (error: Error) => error.message.replace(/ Use 'auto' for the best device that works here\.$/, '')

function forPeople(dryRun = false): (report: InstallReport) => void {
  const progress = progressView(process.stderr)
  return report => {
    if (report.type === 'plan') (dryRun ? process.stdout : process.stderr).write(`${planText(report)}\n`)
    else if (report.type === 'progress') {
      const { loaded: step, total } = report
      progress.show({ id: 'install', label: 'Installing', step, total, unit: 'byte', done: step >= total })
    } else {
      progress.pause()
      process.stdout.write(report.works ? 'The device cuda works.\n' : `Installed, but not at work: ${report.reason}\n`)
    }
  }
}

function planText({ parts, bytes, disks, warning }: Plan): string {
  if (parts.length === 0)
    return [warning, 'The CUDA provider and all its libraries are here.'].filter(Boolean).join('\n')
  return [
    ...(warning ? [warning] : []),
    ...parts.map(({ name, version, bytes }) => `${sizeText(bytes).padStart(8)}  ${name} ${version}`),
    `${sizeText(bytes).padStart(8)}  to download`,
    ...disks.map(
      ({ folder, room, free }) => `${sizeText(room).padStart(8)}  of disk in ${folder}, ${sizeText(free)} free`,
    ),
  ].join('\n')
}
