import { readFileSync } from 'node:fs'
import { EngineCrashedError, OutOfMemoryError } from '../errors.js'
import type { Device } from './messages.js'

export interface Crash {
  device: Device
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** The kernel says that it killed a process for lack of memory meanwhile. */
  outOfMemory: boolean
  /** Why the process could not be started or killed. */
  failure?: Error
  stderr: string
  /** What it was at, as in `running "unet"`. */
  doing: string
}

/** The error that every waiter of an ended engine process gets. */
export function crashError(crash: Crash): OutOfMemoryError | EngineCrashedError {
  const { device, exitCode, signal, stderr, doing, failure } = crash
  const how = failure ? failure.message : signal ? `signal ${signal}` : `exit code ${exitCode}`
  const words = stderr && `\nIts last words:\n${stderr}`
  if (crash.outOfMemory)
    return new OutOfMemoryError(
      `The system ran out of memory and ended the ${device} engine while ${doing} (${how}). ${lessMemory}`,
    )
  if (isOutOfMemory(stderr))
    return new OutOfMemoryError(
      `The ${device} engine ran out of memory while ${doing}${bytesAskedFor(stderr)} (${how}). ${lessMemory}${words}`,
    )
  return new EngineCrashedError(
    `The ${device} engine process ended while ${doing} (${how}). The next call starts a new one.${words}`,
  )
}

/** The error for a request that the engine answered with `message`. */
export function replyError(message: string, doing: string, device: Device): Error {
  if (!isOutOfMemory(message)) return new Error(`The ${device} engine failed while ${doing}: ${message}`)
  return new OutOfMemoryError(
    `The ${device} engine ran out of memory while ${doing}${bytesAskedFor(message)}. ${lessMemory}\n${message}`,
  )
}

/**
 * How many processes the kernel has killed for lack of memory, in this process's cgroup where it has one, else on the
 * machine; undefined where nobody counts. Read before and after, it tells an out-of-memory kill from any other SIGKILL.
 */
export function oomKills(): number | undefined {
  const count = (path: string, key: RegExp) => {
    try {
      const found = key.exec(readFileSync(path, 'utf8'))
      return found ? Number(found[1]) : undefined
    } catch {
      return undefined
    }
  }
  if (process.platform !== 'linux') return undefined
  return (
    count(`/sys/fs/cgroup${cgroupPath()}/memory.events`, /^oom_kill (\d+)/m) ??
    count('/proc/vmstat', /^oom_kill (\d+)/m)
  )
}

const lessMemory =
  'Try a smaller height and width, fewer images a call, enableModelCpuOffload() or enableSequentialCpuOffload(), or end other programs.'

/** Texts of glibc++, onnxruntime's arenas, CUDA, Direct3D 12, Dawn and V8. */
const outOfMemoryTexts = [
  /std::bad_alloc/,
  /failed to allocate memory/i,
  /available memory of \d+ is smaller than requested bytes/i,
  /out of memory/i,
  /OUT_?OF_?MEMORY|cudaErrorMemoryAllocation|8007000E/,
  /array buffer allocation failed/i,
]

function isOutOfMemory(text: string): boolean {
  return outOfMemoryTexts.some(known => known.test(text))
}

function bytesAskedFor(text: string): string {
  const bytes = /(?:requested buffer of size|requested bytes of|bytes requested:?) (\d+)/i.exec(text)?.[1]
  if (!bytes) return ''
  return `: it asked for ${Number(bytes).toLocaleString('en-US')} bytes (${(Number(bytes) / 2 ** 30).toFixed(2)} GiB)`
}

function cgroupPath(): string {
  try {
    return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1].replace(/\/$/, '') ?? ''
  } catch {
    return ''
  }
}
