import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type Message, message, type Request } from '../protocol/messages.js'
import { type Queue, queue } from './queue.js'

export interface KernelClient {
  /**
   * Runs a cell: every message that its request causes, `status: idle` last.
   * @throws KernelDiedError when the kernel ends before that
   */
  execute(code: string): AsyncIterable<Message>
  /** Stops the cell that runs; it ends with an error. */
  interrupt(): Promise<void>
  /** Ends the kernel. */
  shutdown(): Promise<void>
  /** Ends the kernel at once, whatever it does. */
  kill(): void
  /** what belongs to no open request, as the output of a timer after its cell has ended */
  messages: AsyncIterable<Message>
}

/** The kernel's process ended while it was needed. */
export class KernelDiedError extends Error {
  override name = 'KernelDiedError'
}

/** How long a kernel may take to end by itself. */
const shutdownMs = 2000

/** Starts a kernel in a process of its own; it ends when this process ends, however that ends. */
export async function startKernel({ cwd }: { cwd: string }): Promise<KernelClient> {
  const child = fork(createRequire(import.meta.url).resolve('#kernelProcess'), {
    cwd,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  })
  const open = new Map<string, { replies: Queue<Message>; request: Request }>()
  const late = queue<Message>()
  let lastWords = ''
  let died: KernelDiedError | undefined

  child.on('message', received => {
    const answer = received as Message
    const id = 'msg_id' in answer.parent_header ? answer.parent_header.msg_id : undefined
    const request = id === undefined ? undefined : open.get(id)
    if (!request) return late.push(answer)
    request.replies.push(answer)
    if (answer.header.msg_type !== 'status' || !('execution_state' in answer.content)) return
    if (answer.content.execution_state !== 'idle') return
    open.delete(id!)
    request.replies.end()
  })
  // what native code writes to the process's own streams, past the kernel
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-2000)
      const request = [...open.values()].find(({ request }) => request.header.msg_type === 'execute_request')
      request?.replies.push(message('stream', { name, text }, request.request.header))
    })
  child.on('error', error => end(`could not be started: ${error.message}`))
  child.on('exit', (code, signal) => end(`ended with ${signal ? `signal ${signal}` : `exit code ${code}`}`))
  await once(child, 'spawn')

  return {
    execute: code =>
      request(message('execute_request', { code, silent: false, store_history: true, stop_on_error: true })),
    async interrupt() {
      await drained(request(message('interrupt_request', {})))
    },
    async shutdown() {
      if (died) return
      const timer = setTimeout(() => child.kill('SIGKILL'), shutdownMs)
      const exit = once(child, 'exit')
      await drained(request(message('shutdown_request', { restart: false }))).catch(() => {})
      if (!died) await exit
      clearTimeout(timer)
    },
    kill: () => void child.kill('SIGKILL'),
    messages: late,
  }

  function request(request: Request): AsyncIterable<Message> {
    const replies = queue<Message>()
    if (died) replies.end(died)
    else {
      open.set(request.header.msg_id, { replies, request })
      child.send(request, error => {
        if (error) end(`does not answer: ${error.message}`)
      })
    }
    return replies
  }

  function end(how: string) {
    died ??= new KernelDiedError(`The kernel ${how}${lastWords && `; its last words:\n${lastWords.trim()}`}`)
    for (const { replies } of open.values()) replies.end(died)
    open.clear()
    late.end()
  }
}

async function drained(messages: AsyncIterable<Message>): Promise<void> {
  for await (const _ of messages);
}
