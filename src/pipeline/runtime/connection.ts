import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { crashError, oomKills, replyError } from './crash.js'
import { deviceKind } from './deviceName.js'
import { environmentFor } from './libraries.js'
import type { Device, EngineReply, EngineRequest } from './messages.js'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
export type Question = WithoutId<EngineRequest>

/** One living engine process, seen from its caller. */
export interface Connection {
  /** Keys of the sessions that it holds. */
  readonly loaded: Set<string>
  readonly alive: boolean
  /** Resolves when the process has ended and all that it wrote is read; never rejects. */
  readonly ended: Promise<void>
  /** The last lines that it wrote to stderr. */
  lastWords(): string
  /**
   * @throws OutOfMemoryError | EngineCrashedError  when the process ends first
   * @throws OutOfMemoryError | Error               when it answers with an error
   */
  ask(question: Question): Promise<EngineReply>
  kill(): void
}

interface Waiter {
  question: Question
  resolve(reply: EngineReply): void
  reject(error: Error): void
}

/** Starts an engine process. It and its pipes keep the caller's process alive only while a question is open. */
export function startEngineProcess(device: Device): Connection {
  const killsBefore = oomKills()
  const child = fork(createRequire(import.meta.url).resolve('#engineProcess'), [device], {
    env: environmentFor(deviceKind(device)),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const waiters = new Map<number, Waiter>()
  const stderr = lastLines(child)
  let alive = true
  let killed = false
  let nextId = 0
  let failure: Error | undefined
  let reason: ((question: Question) => Error) | undefined
  stayOnlyFor(child, 0)

  child.on('message', (reply: EngineReply) => {
    const waiter = waiters.get(reply.id)
    if (!waiter) return
    waiters.delete(reply.id)
    stayOnlyFor(child, waiters.size)
    if (reply.kind === 'error') waiter.reject(replyError(reply.message, doing(waiter.question), device))
    else waiter.resolve(reply)
  })
  child.on('error', error => {
    failure = error
  })
  child.on('exit', () => {
    alive = false
    stayOnlyFor(child, 1) // 'close' is near, and somebody may wait for it
  })
  const ended = new Promise<void>(resolve => {
    child.on('close', (exitCode, signal) => {
      alive = false
      const outOfMemory = signal === 'SIGKILL' && !killed && killsBefore !== undefined && oomKills() !== killsBefore
      const crash = { device, exitCode, signal, outOfMemory, failure, stderr: stderr() }
      reason = question => crashError({ ...crash, doing: doing(question) })
      for (const { question, reject } of waiters.values()) reject(reason(question))
      waiters.clear()
      resolve()
    })
  })

  return {
    loaded: new Set(),
    get alive() {
      return alive
    },
    ended,
    lastWords: stderr,
    ask: question =>
      new Promise((resolve, reject) => {
        if (reason) return reject(reason(question))
        const id = nextId++
        waiters.set(id, { question, resolve, reject })
        stayOnlyFor(child, waiters.size)
        // A failed send means that the process is going: 'close' tells the waiters why.
        child.send({ ...question, id } satisfies EngineRequest, () => {})
      }),
    kill() {
      killed = true
      stayOnlyFor(child, 1)
      child.kill('SIGKILL')
    },
  }
}

/** A process that ends by itself with no question open must find nothing of ours that keeps it. */
function stayOnlyFor(child: ChildProcess, openQuestions: number): void {
  const stderr = child.stderr as unknown as { ref(): void; unref(): void } | null
  const handles = [child, child.channel, stderr]
  for (const handle of handles) openQuestions > 0 ? handle?.ref() : handle?.unref()
}

function lastLines(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-8192)
  })
  return () => text.trim().split('\n').slice(-12).join('\n')
}

function doing(question: Question): string {
  if (question.kind === 'load') return `loading "${question.key}"`
  if (question.kind === 'run') return `running "${question.key}"`
  if (question.kind === 'release') return `releasing "${question.keyPrefix}"`
  return question.kind === 'stop' ? 'stopping' : 'telling its memory'
}
