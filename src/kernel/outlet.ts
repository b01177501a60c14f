import { StringDecoder } from 'node:string_decoder'
import { clearTimeout, setTimeout } from 'node:timers'
import { type Header, type Message, message } from '../protocol/messages.js'
import type { Queue } from './queue.js'

/** Printed text waits this long for more, so that 20,000 lines are no 20,000 messages. */
const batchMs = 50

/** Where the output of one cell goes: the reply to its request while that is open, later the kernel's own messages. */
export interface Outlet {
  /** Sends a message after all that was printed before; a promise keeps its place in the order. */
  send(message: Message | Promise<Message | undefined>): void
  print(name: 'stdout' | 'stderr', chunk: string | Uint8Array): void
  /** From now on everything goes to `late`. */
  close(): void
}

export function createOutlet(parent: Header, reply: Queue<Message>, late: Queue<Message>): Outlet {
  let target = reply
  let pending: { name: 'stdout' | 'stderr'; text: string } | undefined
  let timer: NodeJS.Timeout | undefined
  const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() }

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (!pending) return
    const content = pending
    pending = undefined
    target.push(message('stream', content, parent))
  }

  return {
    send(item) {
      flush()
      target.push(item)
    },
    print(name, chunk) {
      const text = typeof chunk === 'string' ? chunk : decoders[name].write(Buffer.from(chunk))
      if (!text) return
      if (pending?.name !== name) flush()
      if (pending) pending.text += text
      else pending = { name, text }
      timer ??= setTimeout(flush, batchMs)
    },
    close() {
      flush()
      target = late
    },
  }
}
