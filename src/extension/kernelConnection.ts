import { connect } from 'node:net'
import { encodeFrame, frameDecoder } from '../protocol/frames.js'
import type { Hello, Resumed, ResumedRequest } from '../protocol/localSocket.js'
import type { Message } from '../protocol/messages.js'
import type { KernelHandle } from './kernelProcess.js'
import { log } from './log.js'

export interface KernelConnection {
  /** what has gone on in the absence of a client, in the order it was asked */
  resumed: ResumedRequest[]
  send(message: Message): void
  /** What the kernel says is told from now on; before, it is kept. */
  start(): void
  close(): void
}

/** Keeps a kernel from ending for want of a client, as long as this window is there. @param ended the kernel has gone, or had before */
export function holdKernel({ socket: path, token }: KernelHandle, ended: () => void): void {
  const hello: Hello = { token, hold: true }
  const socket = connect(path)
  socket.write(encodeFrame({ ...hello }))
  socket.on('error', () => {}) // 'close' follows
  socket.on('close', ended)
  socket.resume()
}

/**
 * Connects to a kernel that listens.
 * @param replay of a kernel that an earlier window has left: it tells what that one may have missed
 * @param receive gets what the kernel says: first all of `resumed`
 * @param ended is called when the connection has gone, unless by `close()`
 * @throws Error when nothing listens there
 */
export async function connectKernel(
  { socket: path, token }: KernelHandle,
  replay: boolean,
  receive: (message: Message) => void,
  ended: () => void,
): Promise<KernelConnection> {
  const socket = connect(path)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const hello: Hello = { token, replay }
  socket.write(encodeFrame({ ...hello }))

  const waiting: Message[] = []
  let isReady = false
  let isClosed = false
  const resumed = new Promise<ResumedRequest[]>((resolve, reject) => {
    const take = frameDecoder(frame => {
      if (typeof frame === 'object' && frame && 'resumed' in frame) resolve((frame as Resumed).resumed.requests)
      else if (isReady) tell(frame as Message)
      else waiting.push(frame as Message)
    })
    socket.on('data', chunk => {
      try {
        take(chunk)
      } catch {
        socket.destroy() // what comes after this cannot be read
      }
    })
    socket.on('error', reject)
    socket.on('close', () => {
      reject(new Error('the kernel closed the connection'))
      if (!isClosed) ended()
    })
  })
  resumed.catch(() => {}) // `ended` tells

  /** What is wrong with one message is no reason to lose the kernel. */
  function tell(message: Message) {
    try {
      receive(message)
    } catch (error) {
      log.error(`A message of the kernel (${message.header?.msg_type}) was dropped: ${(error as Error).stack}`)
    }
  }

  return {
    resumed: replay ? await resumed : [],
    send: message => void socket.write(encodeFrame(message)),
    start() {
      isReady = true
      for (const message of waiting.splice(0)) tell(message)
    },
    close() {
      isClosed = true
      socket.end()
    },
  }
}
