import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { DeviceUnavailableError, InvalidOptionError } from '../errors.js'
import { serialized } from '../onnx/serialized.js'
import { startEngineProcess } from './connection.js'
import { cudaNeeds, type DeviceNeed } from './cudaNeeds.js'
import { type Device, type DeviceKind, deviceIndex, deviceKind, deviceName, devicePattern } from './deviceName.js'
import { trial } from './trial.js'
import { vulkanNeeds } from './vulkanNeeds.js'

/**
 * The device that really runs. `auto` takes what SDNB_DEVICE in the environment names, else the best that works: a software
 * adapter does not count, and where there is no graphics device nothing is started to find that out.
 * @returns the device by its shortest name: `'cuda'` for `'cuda:0'`
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
  if (name === 'auto') return name
  const [, kind, index] = devicePattern.exec(name) ?? []
  if (Object.hasOwn(engineNeeds, kind ?? '')) return deviceName(kind as DeviceKind, Number(index ?? 0))
  throw new InvalidOptionError(
    `${where} must be auto, ${Object.keys(engineNeeds).join(', ')}, or one of several as cuda:1, got ${JSON.stringify(name)}`,
  )
}

/** Which systems onnxruntime-node has the device for, best first for `auto`. */
const engineNeeds: Record<DeviceKind, { platforms: string[]; where: string }> = {
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

/** Kinds of which onnxruntime-node takes a number; the adapter of webgpu, and coreml's, are not the caller's to choose. */
const numbered = new Set<DeviceKind>(['cuda', 'dml', 'cpu'])

async function best(): Promise<Device> {
  for (const device of Object.keys(engineNeeds) as DeviceKind[]) {
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

/** Tries each device, best first for `auto`; of a second and third graphics card those that work. */
export async function deviceReports(): Promise<DeviceReport[]> {
  const chosen = await best()
  const reports: DeviceReport[] = []
  for (const device of Object.keys(engineNeeds) as DeviceKind[]) {
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
    if (failure) continue
    const [, ...others] = await devicesLike(device)
    for (const other of others) reports.push({ device: other, works: true, chosen: false })
  }
  return reports
}

async function needsOf(device: Device): Promise<DeviceNeed[] | undefined> {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return undefined
  if (device === 'cuda') return cudaNeeds()
  return device === 'webgpu' ? vulkanNeeds() : undefined
}

/**
 * The device, and the others of its kind that work; each is tried once a process. The CPU is one, however many cores it has.
 * @param most how many are wanted, the device included
 */
export async function devicesLike(device: Device, most = Number.POSITIVE_INFINITY): Promise<Device[]> {
  const kind = deviceKind(device)
  const found = [device]
  if (kind === 'cpu' || !numbered.has(kind)) return found
  for (let index = 0; found.length < most; index++) {
    const next = deviceName(kind, index)
    if (next === device) continue
    if (!hasHardware(next) || (await tried(next))) break
    found.push(next)
  }
  return found
}

const attempts = new Map<Device, Promise<string | undefined>>()

/** Why the device cannot run, or undefined when it can; the CPU is taken at its word, as nothing stands in for it. */
function tried(device: Device): Promise<string | undefined> {
  if (deviceKind(device) === 'cpu') return Promise.resolve(undefined)
  const attempt = attempts.get(device) ?? attemptOn(device)
  attempts.set(device, attempt)
  return attempt
}

async function attemptOn(device: Device): Promise<string | undefined> {
  const kind = deviceKind(device)
  const { platforms, where } = engineNeeds[kind]
  const here = `${process.platform}-${process.arch}`
  if (!platforms.includes(here) && kind !== 'cpu')
    return `The device ${device} exists on ${where} only, this is ${here}.`
  if (deviceIndex(device) > 0 && !numbered.has(kind))
    return `The device ${device} cannot be named: onnxruntime chooses the graphics card of ${kind} by itself, so ${kind} is the only one.`

  const connection = startEngineProcess(device)
  const timer = setTimeout(connection.kill, 60_000)
  try {
    await connection.ask({ kind: 'load', key: 'trial', model: serialized(trial.graph()) })
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
  const kind = deviceKind(device)
  // CUDA's and DXGI's words for a number that no card has
  if (/invalid device (ordinal|id)|887A0002/i.test(said))
    return `The device ${device} is not there: fewer graphics cards are found. They count from 0${kind === 'cuda' ? ', and where CUDA_VISIBLE_DEVICES is set those that it lists' : ''}.`
  if (kind === 'cuda') {
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
  const kind = deviceKind(device)
  const { platforms } = engineNeeds[kind]
  if (!platforms.includes(`${process.platform}-${process.arch}`)) return false
  if (process.platform !== 'linux') return true
  const wsl = existsSync('/dev/dxg') // one file for all cards
  const nvidia = existsSync('/dev/nvidiactl') || wsl
  const index = deviceIndex(device)
  if (kind === 'cuda') return nvidia && (index === 0 || wsl || index < nvidiaCards())
  return (nvidia || drmVendors().some(vendor => realVendors.has(vendor))) && !softwareVulkanChosen()
}

/** A container may see but the fourth and the sixth: CUDA counts them 0 and 1. */
function nvidiaCards(): number {
  return readdirSync('/dev').filter(name => /^nvidia\d+$/.test(name)).length
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
