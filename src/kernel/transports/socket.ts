import { timingSafeEqual } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { encodeFrame, frameDecoder } from '../../protocol/frames.js'
import type { CommMessage, Message, Request } from '../../protocol/messages.js'
import type { Client, Hub } from '../hub.js'

/** Time for the first client to come, ms, however short the kernel lingers after the last. */
const firstClientMs = 60_000

/** What a client of a socket says first. */
export interface Hello {
  token: string
}

export interface SocketTransport {
  /** Resolves when all that was said has been handed to the system. */
  close(): Promise<void>
}

/**
 * The kernel on a unix socket or a named pipe, for clients on this machine: frames of messages (`protocol/frames.ts`), after a first one
 * that shows the token.
 * @param left is called when no client has been there for `lingerMs`
 */
export async function serveSocket(
  { socket: path, token, lingerMs }: { socket: string; token: string; lingerMs: number },
  hub: Hub,
  left: () => void,
): Promise<SocketTransport> {
  const open = new Set<Socket>()
  let timer = setTimeout(left, Math.max(lingerMs, firstClientMs))

  const server = createServer(socket => {
    let client: Client | undefined
    const send = (message: Message) => void socket.write(encodeFrame(message))
    const take = frameDecoder(received => {
      if (client) return client.receive(received as Request | CommMessage)
      if (!isEqual((received as Partial<Hello>).token, token)) return void socket.destroy()
      clearTimeout(timer)
      open.add(socket)
      client = hub.connect(send)
    })
    socket.on('data', chunk => {
      try {
        take(chunk)
      } catch {
        socket.destroy()
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!client) return
      client.close()
      open.delete(socket)
      if (open.size) return
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
    async close() {
      server.close()
      await Promise.all([...open].map(socket => new Promise<void>(resolve => socket.end(resolve))))
    },
  }
}

function isEqual(given: unknown, token: string): boolean {
  if (typeof given !== 'string') return false
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
