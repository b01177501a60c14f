import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { DeviceUnavailableError, InvalidOptionError } from '../errors.js'
import { startEngineProcess } from './connection.js'
import { cudaNeeds, type DeviceNeed } from './cudaNeeds.js'
import type { Device } from './messages.js'
import { trial } from './trial.js'
import { vulkanNeeds } from './vulkanNeeds.js'

/**
 * The device that really runs. `auto` takes what SDNB_DEVICE in the environment names, else the best that works: a software
 * adapter does not count, and where there is no graphics device nothing is started to find that out.
 * @throws InvalidOptionError      for a name that is no device, also in SDNB_DEVICE
 * @throws DeviceUnavailableError  for a device that was named and cannot run; names the missing library
 */
export async function resolveDevice(name: 'auto' | Device): Promise<Device> {
  const preset = name === 'auto' ? process.env.SDNB_DEVICE : undefined
  const device = preset ? checkedName(preset, 'SDNB_DEVICE in the environment') : checkedName(name, 'device')
  if (device === 'auto') return best()
  const failure = await tried(device)
  if (failure) {
    attempts.delete(device) // what was missing may be installed before the next call
    const advice = preset ? 'SDNB_DEVICE in the environment asks for it: unset it' : "Use 'auto'"
    throw new DeviceUnavailableError(`${failure} ${advice} for the best device that works here.`)
  }
  return device
}

function checkedName(name: string, where: string): 'auto' | Device {
  if (name === 'auto' || Object.hasOwn(engineNeeds, name)) return name as 'auto' | Device
  throw new InvalidOptionError(
    `${where} must be auto, ${Object.keys(engineNeeds).join(', ')}, got ${JSON.stringify(name)}`,
  )
}

/** Which systems onnxruntime-node has the device for, best first for `auto`. */
const engineNeeds: Record<Device, { platforms: string[]; where: string }> = {
  cuda: { platforms: ['linux-x64'], where: 'Linux on x64' },
  dml: { platforms: ['win32-x64', 'win32-arm64'], where: 'Windows' },
  // Ahead of coreml, which has none of the fused operators and would hand most of a network back to the CPU.
  webgpu: {
    platforms: ['darwin-arm64', 'linux-x64', 'win32-x64', 'win32-arm64'],
    where: 'macOS, Linux x64 and Windows',
  },
  coreml: { platforms: ['darwin-arm64'], where: 'macOS' },
  cpu: { platforms: [], where: 'everywhere' },
}

async function best(): Promise<Device> {
  for (const device of Object.keys(engineNeeds) as Device[]) {
    if (device === 'cpu' || (hasHardware(device) && !(await tried(device)))) return device
  }
  return 'cpu'
}

/** What became of an attempt to run something on a device. */
export interface DeviceReport {
  device: Device
  works: boolean
  /** the one that `auto` takes */
  chosen: boolean
  /** why it does not work, or works and is passed over by `auto` all the same */
  reason?: string
  /** what it needs, found or missing, where that can be told apart from a trial */
  needs?: DeviceNeed[]
}

/** Tries each device, best first for `auto`. */
export async function deviceReports(): Promise<DeviceReport[]> {
  const chosen = await best()
  const reports: DeviceReport[] = []
  for (const device of Object.keys(engineNeeds) as Device[]) {
    const failure = await (device === 'cpu' ? attemptOn(device) : tried(device))
    const passedOver = !failure && device !== 'cpu' && !hasHardware(device)
    const reason = passedOver
      ? 'It works, but no graphics card is known to be behind it: auto passes over it.'
      : failure
    reports.push({
      device,
      works: failure === undefined,
      chosen: device === chosen,
      reason,
      needs: await needsOf(device),
    })
  }
  return reports
}

async function needsOf(device: Device): Promise<DeviceNeed[] | undefined> {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return undefined
  if (device === 'cuda') return cudaNeeds()
  return device === 'webgpu' ? vulkanNeeds() : undefined
}

const attempts = new Map<Device, Promise<string | undefined>>()

/** Why the device cannot run, or undefined when it can; the CPU is taken at its word, as nothing stands in for it. */
function tried(device: Device): Promise<string | undefined> {
  if (device === 'cpu') return Promise.resolve(undefined)
  const attempt = attempts.get(device) ?? attemptOn(device)
  attempts.set(device, attempt)
  return attempt
}

async function attemptOn(device: Device): Promise<string | undefined> {
  const { platforms, where } = engineNeeds[device]
  const here = `${process.platform}-${process.arch}`
  if (!platforms.includes(here) && device !== 'cpu')
    return `The device ${device} exists on ${where} only, this is ${here}.`

  const connection = startEngineProcess(device)
  const timer = setTimeout(connection.kill, 60_000)
  try {
    await connection.ask({ kind: 'load', key: 'trial', ...trial.graph() })
    const reply = await connection.ask({ kind: 'run', key: 'trial', inputs: trial.inputs })
    if (reply.kind === 'outputs' && trial.isRight(reply.outputs.y)) return undefined
    return `The device ${device} runs, but computes attention wrongly: pictures would be wrong.`
  } catch (error) {
    connection.kill()
    await connection.ended
    return explained(device, `${(error as Error).message}\n${connection.lastWords()}`)
  } finally {
    clearTimeout(timer)
    connection.kill()
  }
}

/** From what the provider said while it failed to load, what the user can do. */
export function explained(device: Device, said: string): string {
  const missing = /(lib[\w.+-]+\.so[\d.]*): cannot open shared object file/.exec(said.replace(/\S*\//g, ''))?.[1]
  const reason = said.trim()
  if (device === 'cuda') {
    if (missing?.startsWith('libonnxruntime_providers'))
      return `The device cuda needs ${missing}, which is not there. Run: sdnb install cuda.`
    if (missing?.startsWith('libcuda.so'))
      return `The device cuda needs ${missing}, which comes with NVIDIA's driver: install the driver.`
    if (missing)
      return `The device cuda needs ${missing}. Run: sdnb install cuda; or name the folder of CUDA 12 and cuDNN 9 in CUDA_PATH or LD_LIBRARY_PATH.`
  }
  if (device === 'webgpu' && /No supported adapters/.test(said))
    return missing
      ? `The device webgpu needs ${missing}: install the Vulkan loader (Debian and Ubuntu: libvulkan1) and your graphics card's driver.`
      : `The device webgpu found no graphics adapter: install your graphics card's driver.`
  return `The device ${device} cannot run: ${reason}.`
}

/** Cheap signs of a real graphics device; what works is told by a trial. */
function hasHardware(device: Device): boolean {
  const { platforms } = engineNeeds[device]
  if (!platforms.includes(`${process.platform}-${process.arch}`)) return false
  if (process.platform !== 'linux') return true
  const nvidia = existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')
  if (device === 'cuda') return nvidia
  return (nvidia || drmVendors().some(vendor => realVendors.has(vendor))) && !softwareVulkanChosen()
}

/** PCI ids of AMD, NVIDIA, Intel; a virtual machine's display has another, and its Vulkan is a program. */
const realVendors = new Set(['0x1002', '0x10de', '0x8086'])

function drmVendors(): string[] {
  const folder = '/sys/class/drm'
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.startsWith('renderD') && existsSync(`${folder}/${name}/device/vendor`))
    .map(name => readFileSync(`${folder}/${name}/device/vendor`, 'utf8').trim())
}

function softwareVulkanChosen(): boolean {
  const drivers = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? ''
  return /swiftshader|lvp|lavapipe/i.test(drivers)
}
