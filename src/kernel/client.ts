import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { encodeFrame, frameDecoder } from '../protocol/frames.js'
import { type CommMessage, type InputReply, type Message, message, type Request } from '../protocol/messages.js'
import { createRequests } from '../protocol/requests.js'

export interface KernelClient {
  /**
   * Runs a cell: every message that its request causes, `status: idle` last.
   * @throws KernelDiedError when the kernel ends before that
   */
  execute(code: string): AsyncIterable<Message>
  /** Any other request, or a comm's message. */
  request(request: Request | CommMessage): AsyncIterable<Message>
  /** Sends what is not answered: the reply to an `input_request`. */
  send(message: InputReply): void
  /** Stops the cell that runs; it ends with an error. */
  interrupt(): Promise<void>
  /** Ends the kernel. */
  shutdown(): Promise<void>
  /** Ends the kernel at once, whatever it does. */
  kill(): void
  /** what belongs to no open request, as the output of a timer after its cell has ended */
  messages: AsyncIterable<Message>
}

/** The kernel's process, or the connection to it, ended while it was needed. */
export class KernelDiedError extends Error {
  override name = 'KernelDiedError'
}

/** How long a kernel may take to end by itself, ms; half of it goes to what it still has to say. */
const shutdownMs = 2000

/** How long a process that has ended may take to hand over its last words, ms; a process of its own may hold its pipes for ever. */
const lastWordsMs = 100

/** How long after its connection has closed a process may take to end, ms. */
const exitMs = 1000

/**
 * Starts a kernel in a process of its own, over a local socket; it ends when this process ends, however that ends.
 * @param showsPreviews false saves the kernel to make them
 * @throws KernelDiedError with its last words, when it could not start
 */
export async function startKernel({
  cwd,
  showsPreviews = true,
}: {
  cwd: string
  showsPreviews?: boolean
}): Promise<KernelClient> {
  const requests = createRequests(request => void socket.write(encodeFrame(request)))
  const { request } = requests
  let listened = false
  let lastWords = ''
  let died: KernelDiedError | undefined

  const name = `sdnb-${randomBytes(8).toString('hex')}`
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
  const token = randomBytes(32).toString('hex')
  const args = ['--socket', path, '--linger', '0', ...(showsPreviews ? [] : ['--no-previews'])]
  const child = fork(createRequire(import.meta.url).resolve('#kernelProcess'), args, {
    cwd,
    env: { ...process.env, SDNB_KERNEL_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  })
  // what native code writes to the process's own streams, past the kernel
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-4000)
      requests.printed(name, text)
    })
  /** the process has ended, and all who wait have been told */
  const ended = new Promise<void>(resolve => {
    child.on('error', error => {
      end(`could not be started: ${error.message}`)
      resolve()
    })
    child.on('exit', async (code, signal) => {
      await Promise.race([once(child, 'close'), wait(lastWordsMs, undefined, { ref: false })])
      // else a process of its own that holds them would hold this one, too
      for (const pipe of [child.stdout, child.stderr]) pipe!.destroy()
      rmSync(path, { force: true })
      end(howItEnded(code, signal, listened, lastWords))
      resolve()
    })
  })
  const socket = await connected()

  return {
    execute: code =>
      request(
        message('execute_request', {
          ...{ code, silent: false, store_history: true, user_expressions: {} },
          ...{ allow_stdin: false, stop_on_error: true },
        }),
      ),
    request,
    send: message => void socket.write(encodeFrame(message)),
    async interrupt() {
      await drained(request(message('interrupt_request', {})))
    },
    async shutdown() {
      const timer = setTimeout(() => child.kill('SIGKILL'), shutdownMs)
      await drained(request(message('shutdown_request', { restart: false }))).catch(() => {})
      await ended
      clearTimeout(timer)
    },
    kill: () => void child.kill('SIGKILL'),
    messages: requests.late,
  }

  /** The kernel says when it listens. */
  async function connected(): Promise<Socket> {
    const listens = once(child, 'message').then(() => true)
    listens.catch(() => {}) // `ended` tells
    listened = await Promise.race([listens, ended.then(() => false)])
    if (!listened) throw died!
    const socket = connect(path)
    const take = frameDecoder(received => requests.receive(received as Message))
    socket.on('data', chunk => {
      try {
        take(chunk)
      } catch (error) {
        end(`sent what is no message: ${(error as Error).message}`)
        socket.destroy()
      }
    })
    let failure = 'closed the connection'
    socket.on('error', ({ message }) => {
      failure = `lost the connection: ${message}`
    })
    const isOpen = new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('close', async () => {
        // a process that ended says why; one that lives has lost its last client, and ends, too
        await Promise.race([ended, wait(exitMs, undefined, { ref: false })])
        end(failure)
        resolve(false)
      })
    })
    if (!(await isOpen)) throw died!
    socket.write(encodeFrame({ token }))
    return socket
  }

  function end(how: string) {
    died ??= new KernelDiedError(`The kernel ${how}`)
    requests.end(died)
  }
}

function howItEnded(code: number | null, signal: string | null, listened: boolean, lastWords: string): string {
  const how = /heap out of memory/.test(lastWords)
    ? 'ran out of memory'
    : `ended with ${signal ? `signal ${signal}` : `exit code ${code}`}`
  return `${how}${listened ? '' : ' before it listened'}${lastWords && `; its last words:\n${lastWords.trim()}`}`
}

async function drained(messages: AsyncIterable<Message>): Promise<void> {
  for await (const _ of messages);
}
