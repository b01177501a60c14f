import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as timeout } from 'node:timers/promises'
import type { NodeRuntime } from './nodePath.js'

/** How to find a kernel's process again, also from another window. */
export interface KernelHandle {
  /** path of its local socket, or named pipe */
  socket: string
  token: string
  pid: number
  /** what its process prints past the kernel */
  logFile: string
}

/** How long a kernel without a client waits for one, s: a window that reloads takes less. */
const lingerSeconds = 60

/** How long it may take to listen, ms: a cold disk, a busy machine. */
const startMs = 60_000

/** The end of a log that is shown, characters. */
const lastWords = 2000

/**
 * Starts a kernel that outlives this process; it listens when this returns.
 * @param cwd the notebook's folder
 * @throws Error with its last words when it does not start
 */
export async function startKernelProcess(
  { execPath, env }: NodeRuntime,
  { kernelFile, cwd, logFolder, device }: { kernelFile: string; cwd: string; logFolder: string; device: string },
): Promise<{ handle: KernelHandle /** how it ended, when it has */; exit: Promise<string> }> {
  const name = `sdnb-${randomBytes(8).toString('hex')}`
  const socket = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
  const token = randomBytes(32).toString('hex')
  await mkdir(logFolder, { recursive: true })
  const logFile = join(logFolder, `${name}.log`)
  const file = openSync(logFile, 'a')
  let child: ChildProcess
  try {
    child = spawn(execPath, [kernelFile, '--socket', socket, '--linger', String(lingerSeconds)], {
      cwd,
      env: { ...env, SDNB_KERNEL_TOKEN: token, ...(device !== 'auto' && { SDNB_DEVICE: device }) },
      // pipes would end with this process
      stdio: ['ignore', file, file, 'ipc'],
      detached: true,
      windowsHide: true,
    })
  } finally {
    closeSync(file)
  }
  const exit = new Promise<string>(resolve => {
    child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`))
    child.once('error', error => resolve(`could not be started: ${error.message}`))
  })
  const listens = new Promise<undefined>(resolve => child.once('message', () => resolve(undefined)))
  const slow = timeout(startMs, `did not listen within ${startMs / 1000} s`, { ref: false })
  const how = await Promise.race([listens, exit.then(how => `${how} before it listened`), slow])
  if (how) {
    child.kill('SIGKILL')
    throw new Error(`The kernel ${how}${await lastWordsOf(logFile)}`)
  }
  child.unref()
  return { handle: { socket, token, pid: child.pid!, logFile }, exit }
}

/** Ends the process whatever it does. */
export function killKernelProcess({ pid, socket }: KernelHandle): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {} // it has ended
  if (process.platform !== 'win32') rmSync(socket, { force: true })
}

/** Whether it has ended, or does so within `ms`. */
export async function hasEnded({ pid }: KernelHandle, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; ; ) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    if (Date.now() > end) return false
    await timeout(20)
  }
}

/** What the process printed last, as a sentence's end. */
export async function lastWordsOf(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  if (/heap out of memory/.test(text)) return ': it ran out of memory'
  return text.trim() ? `; its last words:\n${text.trim().slice(-lastWords)}` : ''
}
