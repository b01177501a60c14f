import { Router, type Socket, XPublisher } from 'zeromq'
import type { Connection } from '../../protocol/connection.js'
import { type Channel, type Message, message } from '../../protocol/messages.js'
import { checkMessage } from '../../protocol/validate.js'
import { createWire, type Received } from '../../protocol/wire.js'
import { tellFault } from '../fault.js'
import type { Hub, Transport } from '../hub.js'
import { refusal } from '../refusal.js'
import { atMost } from './atMost.js'

/** Largest frame that is taken, in bytes; a client that sends a larger one is cut off before it fills the memory. */
const maxFrame = 256 * 2 ** 20

/** Messages kept for a client that reads slowly, before what it is sent is dropped. */
const maxWaiting = 100_000

/** How long a closed socket goes on sending, in ms. */
const lingerMs = 1000

/**
 * Serves a kernel to Jupyter clients over ZeroMQ, in any thread. Its thread must not end before it is closed: that aborts the process.
 * @throws Error when a port is taken, RangeError for a signature scheme that does not exist
 */
export function serveZmq(connection: Connection, hub: Hub): Transport {
  const wire = createWire(connection.key, connection.signature_scheme)
  const ipv6 = connection.ip.includes(':')
  const options = { ipv6, linger: lingerMs, maxMessageSize: maxFrame, sendHighWaterMark: maxWaiting }
  // A client that comes back under its name takes over from its lost connection.
  const router = { ...options, handover: true }
  const sockets = {
    shell: new Router(router),
    control: new Router(router),
    stdin: new Router(router),
    iopub: new XPublisher(options),
    hb: new Router(router),
  }
  // Each subscription is told, a second one of the same topic, too.
  sockets.iopub.verbosity = 'allSubs'
  const send = mapped(sockets, sender)
  const close = () => {
    for (const socket of Object.values(sockets)) socket.close()
  }
  try {
    // at once: a socket that is being bound can be neither closed nor left
    for (const name of keys(sockets)) bind(sockets[name], endpoint(connection, connection[`${name}_port`]))
  } catch (error) {
    close()
    throw error
  }

  /** who waits for a reply, by the id of the request */
  const asked = new Map<string, Uint8Array[]>()
  /** who was asked for input last */
  let questioned: Uint8Array[] = []
  const topic = `kernel.${crypto.randomUUID()}`
  const client = hub.connect(deliver)
  for (const channel of ['shell', 'control', 'stdin'] as const)
    void listen(sockets[channel], frames => receive(frames, channel))
  void listen(sockets.iopub, ([frame]) => frame[0] === 1 && welcome(frame.subarray(1)))
  void listen(sockets.hb, frames => send.hb.push(frames))
  return {
    async close(withinMs) {
      client.close()
      await atMost(withinMs, Promise.all(Object.values(send).map(({ drained }) => drained())))
      close()
      // a send that ZeroMQ has put off to the next turn
      await new Promise(resolve => setImmediate(resolve))
    },
  }

  function deliver(message: Message) {
    const { channel, header, parent_header } = message
    if (channel === 'iopub') return publish(message, `${topic}.${header.msg_type}`)
    const id = String(parent_header.msg_id)
    const identities = asked.get(id)
    if (!identities) return // asked through another transport, or answered
    // A client is known by the same name on all its sockets.
    if (channel === 'stdin') {
      questioned = identities
      return send.stdin.push(wire.encode(message, identities))
    }
    const frames = wire.encode(message, identities)
    asked.delete(id)
    // The output of a cell is on its way before the reply.
    if (channel === 'shell') send.shell.push(frames, send.iopub.drained())
    else send[channel].push(frames)
  }

  function receive(frames: Uint8Array[], channel: Channel) {
    let received: Received
    try {
      received = wire.decode(frames)
    } catch {
      return // no message, or not from one who may send it
    }
    const checked = checkMessage(received, channel)
    if (checked.kind === 'ignored') return
    const { header } = checked.kind === 'message' ? checked.message : checked
    if (header.msg_type.endsWith('_request')) asked.set(header.msg_id, received.identities)
    if (checked.kind === 'malformed') for (const message of refusal(header, checked.reason, channel)) deliver(message)
    else if (channel !== 'stdin' || isSame(received.identities, questioned)) client.receive(checked.message)
  }

  function publish(message: Message, topic: string) {
    send.iopub.push(wire.encode(message, topic === '' ? [] : [Buffer.from(topic)]))
  }

  function welcome(topic: Uint8Array) {
    const subscription = Buffer.from(topic).toString()
    publish(message('iopub_welcome', { subscription }), subscription)
  }
}

function bind(socket: Socket, endpoint: string) {
  try {
    socket.bindSync(endpoint)
  } catch (error) {
    throw new Error(`cannot listen on ${endpoint}: ${(error as Error).message}`, { cause: error })
  }
}

function endpoint({ transport, ip }: Connection, port: number): string {
  if (transport === 'ipc') return `ipc://${ip}-${port}`
  return `tcp://${ip.includes(':') ? `[${ip}]` : ip}:${port}`
}

interface Sender {
  /** Sends frames after all that was pushed before, and not before `when`. */
  push(frames: Uint8Array[], when?: Promise<unknown>): void
  /** All that was pushed until now has been sent. */
  drained(): Promise<unknown>
}

/** A socket refuses to send (EBUSY) while it sends. */
function sender(socket: Socket & { send(frames: Uint8Array[]): Promise<void> }): Sender {
  let last: Promise<unknown> = Promise.resolve()
  return {
    push(frames, when) {
      last = last
        .then(() => when)
        .then(() => (socket.closed ? undefined : socket.send(frames)))
        .catch(() => {}) // the client has gone
    },
    drained: () => last,
  }
}

/** Hears a socket until it is closed. */
async function listen(socket: AsyncIterable<Uint8Array[]>, hear: (frames: Uint8Array[]) => unknown): Promise<void> {
  for await (const frames of socket)
    try {
      hear(frames)
    } catch (error) {
      tellFault(error)
    }
}

const isSame = (a: Uint8Array[], b: Uint8Array[]) =>
  a.length === b.length && a.every((part, i) => Buffer.compare(part, b[i]) === 0)

const keys = <Key extends string>(object: Record<Key, unknown>) => Object.keys(object) as Key[]
function mapped<Key extends string, From, To>(object: Record<Key, From>, change: (value: From) => To): Record<Key, To> {
  return Object.fromEntries(keys(object).map(key => [key, change(object[key])])) as Record<Key, To>
}
