import { once } from 'node:events'
import { createServer } from 'node:net'
import { Dealer, Request, Subscriber } from 'zeromq'
import type { Connection } from '../../src/protocol/connection.js'
import { type Channel, type Message, type MessageOf, type MessageType, message } from '../../src/protocol/messages.js'
import { createWire, type Received } from '../../src/protocol/wire.js'

/** A Jupyter client over ZeroMQ, for tests and the bench. */
export interface JupyterClient {
  /** what came, in order, and by which channel; `topic` of iopub */
  heard: Heard[]
  /** Sends a request and waits for its reply, and for idle. */
  ask<Type extends MessageType>(type: Type, content: object, channel?: Asking): Promise<Answer>
  /** Sends a message of any form; returns its id. */
  send(type: string, content: unknown, channel?: Asking, parent?: object): string
  sendFrames(frames: Uint8Array[], channel?: Asking): void
  /** The first message that came, or comes, for which this holds. */
  until(holds: (heard: Heard) => boolean): Promise<Heard>
  beat(): Promise<string>
  close(): void
}
type Asking = 'shell' | 'control' | 'stdin'
export interface Heard {
  channel: Channel
  topic: string
  type: string
  /** of the request that caused it */
  parent: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  content: any
  /** when it came, before it was unpacked, in `performance.now()` */
  at: number
}
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  reply: any
  output: Heard[]
}

/** A connection file's content, with ports that were free a moment ago; a key of its own keeps out who takes one of them, too. */
export async function newConnection(key: string = crypto.randomUUID()): Promise<Connection> {
  const servers = Array.from({ length: 5 }, () => createServer().listen(0, '127.0.0.1'))
  const ports = await Promise.all(
    servers.map(async server => {
      await once(server, 'listening')
      return (server.address() as { port: number }).port
    }),
  )
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  const [shell_port, control_port, stdin_port, iopub_port, hb_port] = ports
  return {
    ...{ transport: 'tcp', ip: '127.0.0.1', key, signature_scheme: 'hmac-sha256' },
    ...{ shell_port, control_port, stdin_port, iopub_port, hb_port },
  }
}

/** @param refuse hears of frames that are no message, or have a wrong signature */
export function connect(connection: Connection, topic = '', refuse = fail): JupyterClient {
  const wire = createWire(connection.key, connection.signature_scheme)
  const session = crypto.randomUUID()
  // a bench waits for a kernel that does not listen yet
  const soon = { reconnectInterval: 5, linger: 0 }
  const named = { ...soon, routingId: session, receiveHighWaterMark: 0, sendHighWaterMark: 0 }
  const sockets = { shell: new Dealer(named), control: new Dealer(named), stdin: new Dealer(named) }
  const iopub = new Subscriber({ ...soon, receiveHighWaterMark: 0 })
  const hb = new Request(soon)
  const address = (name: keyof typeof sockets | 'iopub' | 'hb') =>
    connection.transport === 'ipc'
      ? `ipc://${connection.ip}-${connection[`${name}_port`]}`
      : `tcp://${connection.ip}:${connection[`${name}_port`]}`
  const heard: Heard[] = []
  const waiting = new Set<{ holds: (heard: Heard) => boolean; resolve: (heard: Heard) => void }>()
  const sent: Record<Asking, Promise<unknown>> = {
    ...{ shell: Promise.resolve(), control: Promise.resolve(), stdin: Promise.resolve() },
  }
  for (const name of ['shell', 'control', 'stdin'] as const) {
    sockets[name].connect(address(name))
    void hear(sockets[name], name)
  }
  iopub.connect(address('iopub'))
  iopub.subscribe(topic)
  void hear(iopub, 'iopub')
  hb.connect(address('hb'))

  const client: JupyterClient = {
    heard,
    async ask(type, content, channel = 'shell') {
      const from = heard.length
      const id = client.send(type, content, channel)
      const [reply] = await Promise.all([
        client.until(({ parent, type }) => parent === id && type.endsWith('_reply')),
        client.until(({ parent, content }) => parent === id && content?.execution_state === 'idle'),
      ])
      const output = heard.slice(from).filter(({ parent, channel }) => parent === id && channel === 'iopub')
      return { reply: reply.content, output }
    },
    send(type, content, channel = 'shell', parent = {}) {
      const request = message(type as MessageType, content as MessageOf<MessageType>['content'])
      client.sendFrames(
        wire.encode({ ...request, header: { ...request.header, session }, parent_header: parent } as Message),
        channel,
      )
      return request.header.msg_id
    },
    sendFrames(frames, channel = 'shell') {
      sent[channel] = sent[channel].then(() => sockets[channel].send(frames)).catch(() => {})
    },
    until(holds) {
      const found = heard.find(holds)
      if (found) return Promise.resolve(found)
      return new Promise(resolve => waiting.add({ holds, resolve }))
    },
    async beat() {
      await hb.send('beat')
      return String(await hb.receive())
    },
    close() {
      for (const socket of [...Object.values(sockets), iopub, hb]) socket.close()
    },
  }
  return client

  async function hear(socket: AsyncIterable<Uint8Array[]>, channel: Channel) {
    for await (const frames of socket) {
      const at = performance.now()
      let received: Received
      try {
        received = wire.decode(frames)
      } catch (error) {
        refuse(error)
        continue
      }
      const one = { at, channel, topic: String(received.identities[0] ?? ''), ...described(received) }
      heard.push(one)
      for (const waiter of waiting)
        if (waiter.holds(one)) {
          waiting.delete(waiter)
          waiter.resolve(one)
        }
    }
  }
}

function fail(error: unknown): void {
  throw error
}

function described({ header, parent_header, content }: Received) {
  const { msg_type } = header as { msg_type: string }
  const { msg_id } = parent_header as { msg_id?: string }
  return { type: msg_type, parent: msg_id, content }
}
