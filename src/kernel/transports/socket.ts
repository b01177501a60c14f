import { timingSafeEqual } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { encodeFrame, frameDecoder, largestFrame } from '../../protocol/frames.js'
import type { Hello, Resumed, ResumedRequest } from '../../protocol/localSocket.js'
import type { Message } from '../../protocol/messages.js'
import type { JsonValue } from '../../protocol/mime.js'
import { checkMessage } from '../../protocol/validate.js'
import { tellFault } from '../fault.js'
import type { Client, Hub, Transport } from '../hub.js'
import { refusal } from '../refusal.js'
import { atMost } from './atMost.js'

/** Time for the first client to come, ms, however short the kernel lingers after the last. */
const firstClientMs = 60_000

/**
 * A client that leaves more than so many bytes waiting, and has read nothing for so long, ms, is cut off before it fills the memory. Not
 * by bytes alone: what a cell shows in a loop comes all in one turn of this thread, before any client can read.
 */
const maxWaiting = 256 * 2 ** 20
const patienceMs = 10_000

/** Largest first frame, bytes: what is said without the token is not kept. */
const largestHello = 1024

/**
 * The kernel on a unix socket or a named pipe, for clients on this machine: frames of messages (`protocol/frames.ts`), after a first one
 * that shows the token (`protocol/localSocket.ts`).
 * @param left is called when no client has been there for `lingerMs`
 */
export async function serveSocket(
  { socket: path, token, lingerMs }: { socket: string; token: string; lingerMs: number },
  hub: Hub,
  left: () => void,
): Promise<Transport> {
  const open = new Set<Socket>()
  const frameOf = remembered(encodeFrame)
  let timer = setTimeout(left, Math.max(lingerMs, firstClientMs))

  const server = createServer(socket => {
    let client: Client | undefined
    /** when it last read what waited, or nothing did */
    let readAt = 0
    const send = (message: Message) => {
      const frame = frameOf(message)
      const now = performance.now()
      if (socket.writableLength === 0) readAt = now
      if (socket.writableLength > maxWaiting && now - readAt > patienceMs) return void socket.destroy()
      socket.write(frame, () => {
        readAt = performance.now()
      })
    }
    const take = frameDecoder(
      received => {
        if (client)
          try {
            return receive(client, received, send)
          } catch (error) {
            return tellFault(error)
          }
        const hello = Object(received) as Partial<Hello>
        if (!isEqual(hello.token, token)) return void socket.destroy()
        clearTimeout(timer)
        open.add(socket)
        if (hello.hold === true) return
        client = hub.connect(
          send,
          hello.replay === true ? requests => socket.write(encodeFrame(resumed(requests))) : undefined,
        )
      },
      () => (client ? largestFrame : largestHello),
    )
    socket.on('data', chunk => {
      try {
        take(chunk)
      } catch {
        socket.destroy()
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      client?.close()
      if (!open.delete(socket) || open.size) return
      clearTimeout(timer)
      timer = setTimeout(left, lingerMs)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  // a named pipe has no mode
  if (process.platform !== 'win32') await chmod(path, 0o600)

  return {
    async close(withinMs) {
      server.close()
      await atMost(withinMs, Promise.all([...open].map(socket => new Promise<void>(resolve => socket.end(resolve)))))
      for (const socket of open) socket.destroy()
    },
  }
}

function receive(client: Client, received: unknown, send: (message: Message) => void) {
  const { channel: named, buffers, ...parts } = Object(received) as Message
  // a comm's message goes either way, and is made as the kernel's
  const channel = named === 'iopub' ? 'shell' : named
  const isBuffers = Array.isArray(buffers) && buffers.every(buffer => buffer instanceof Uint8Array)
  const checked = checkMessage({ ...parts, identities: [], buffers: isBuffers ? buffers : [] }, channel)
  if (checked.kind === 'message') client.receive(checked.message)
  else if (checked.kind === 'malformed')
    for (const message of refusal(checked.header, checked.reason, channel)) send(message)
}

const resumed = (requests: ResumedRequest[]) =>
  ({ resumed: { requests } }) satisfies Resumed as unknown as { [key: string]: JsonValue }

/** A message for several clients is encoded once. */
function remembered(encode: (message: Message) => Uint8Array): (message: Message) => Uint8Array {
  const frames = new WeakMap<Message, Uint8Array>()
  return message => {
    const frame = frames.get(message) ?? encode(message)
    frames.set(message, frame)
    return frame
  }
}

function isEqual(given: unknown, token: string): boolean {
  if (typeof given !== 'string') return false
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
