import { type Header, message, type Stream } from '../protocol/messages.js'

/** Printed text waits this long for more, or until there is so much of it, so that 20,000 lines are no 20,000 messages. */
const batchMs = 50
const batchLength = 65_536

/** Gathers what cells print into stream messages, never reordered. */
export interface Printed {
  add(parent: Header, name: 'stdout' | 'stderr', text: string): void
  /** Publishes what has been gathered; to be called before anything else is published of a cell. */
  flush(): void
}

export function gatherPrinted(publish: (message: Stream) => void): Printed {
  let pending: { parent: Header; name: 'stdout' | 'stderr'; text: string } | undefined
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (!pending) return
    const { parent, name, text } = pending
    pending = undefined
    publish(message('stream', { name, text }, parent))
  }

  return {
    flush,
    add(parent, name, text) {
      if (pending?.name !== name || pending.parent !== parent) flush()
      if (pending) pending.text += text
      else pending = { parent, name, text }
      if (pending.text.length >= batchLength) flush()
      else timer ??= setTimeout(flush, batchMs)
    },
  }
}
