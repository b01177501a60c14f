import type { ResumedRequest } from '../protocol/localSocket.js'
import type { Header, Message, MessageOf, MessageType, Stream } from '../protocol/messages.js'
import { message } from '../protocol/messages.js'

/** What has come of a request is kept for so long after the last of it, ms; while no client is there, for good. */
const keptMs = 10_000

/** Texts are joined up to this length, UTF-16 code units. */
const longestText = 2 ** 20

/** What a message takes besides its content, bytes. */
const messageBytes = 500

/** What cells have said lately, for a client that takes over from one that has left. */
export interface Journal {
  /** A request to run a cell has come. */
  asked(header: Header, cell: string | undefined): void
  /** Keeps a message that belongs to such a request. */
  add(message: Message): void
  /** The first client has come, or the last has left. */
  watched(isWatched: boolean): void
  requests(): ResumedRequest[]
  /** By request, what replaces or clears what was said before applied to it. */
  messages(): Message[]
}

interface Entry {
  header: Header
  cell?: string
  items: Set<Item>
  last?: Item
  /** clears, when the next output comes */
  clear?: Message
  /** stands for outputs that there was no room for */
  lost?: Item
  hasEnded: boolean
  lastAt: number
}

interface Item {
  message: Message
  bytes: number
}

/** @param maxBytes of which the oldest outputs are dropped */
export function createJournal(maxBytes = 64 * 2 ** 20): Journal {
  const entries = new Map<string, Entry>()
  const displays = new Map<string, Set<Item>>()
  let bytes = 0
  let isWatched = false

  return {
    asked(header, cell) {
      forget()
      const lastAt = performance.now()
      entries.set(header.msg_id, {
        header,
        ...(cell !== undefined && { cell }),
        items: new Set(),
        hasEnded: false,
        lastAt,
      })
    },
    add(message) {
      const entry = entries.get(String(message.parent_header.msg_id))
      if (entry) entry.lastAt = performance.now()
      if (isA(message, 'update_display_data')) {
        const earlier = displays.get(message.content.transient.display_id ?? '')
        for (const item of earlier ?? []) replace(item, { ...item.message, content: message.content } as Message)
        if (earlier) return trim()
      }
      if (!entry) return
      // told again after each question that comes between
      if (isA(message, 'status') && message.content.execution_state === 'busy' && entry.items.size) return
      if (isA(message, 'clear_output')) {
        if (message.content.wait) entry.clear = message
        else clear(entry)
        return
      }
      if (isOutput(message)) {
        if (entry.clear) clear(entry)
        if (isJoined(entry, message)) return trim()
      }
      keep(entry, message)
      if (isA(message, 'execute_reply')) entry.hasEnded = true
      trim()
    },
    watched(now) {
      forget()
      isWatched = now
      for (const entry of entries.values()) entry.lastAt = performance.now()
    },
    requests() {
      forget()
      return [...entries].map(([msg_id, { cell, items, hasEnded }]) => ({
        ...{ msg_id, ...(cell !== undefined && { cell }) },
        state: hasEnded ? 'ended' : items.size ? 'running' : 'queued',
      }))
    },
    messages: () =>
      [...entries.values()].flatMap(({ items, clear }) => [
        ...[...items].map(({ message }) => message),
        ...(clear ? [clear] : []),
      ]),
  }

  function forget() {
    if (!isWatched) return
    const now = performance.now()
    for (const [id, { hasEnded, lastAt, items }] of entries) {
      if (!hasEnded || now - lastAt < keptMs) continue
      for (const item of items) release(item)
      entries.delete(id)
    }
  }

  function keep(entry: Entry, message: Message) {
    const item = { message, bytes: sizeOf(message) }
    entry.items.add(item)
    entry.last = item
    bytes += item.bytes
    const id = displayOf(message)
    if (id !== undefined) displays.set(id, (displays.get(id) ?? new Set()).add(item))
  }

  function replace(item: Item, message: Message) {
    bytes -= item.bytes
    Object.assign(item, { message, bytes: sizeOf(message) })
    bytes += item.bytes
  }

  function release(item: Item) {
    bytes -= item.bytes
    const id = displayOf(item.message)
    if (id === undefined) return
    displays.get(id)?.delete(item)
    if (!displays.get(id)?.size) displays.delete(id)
  }

  function clear(entry: Entry) {
    for (const item of entry.items) if (isOutput(item.message)) drop(entry, item)
    entry.clear = undefined
    entry.lost = undefined
  }

  function drop({ items }: Entry, item: Item) {
    items.delete(item)
    release(item)
  }

  function isJoined({ items, last, lost }: Entry, added: Message): boolean {
    if (!last || !items.has(last) || last === lost || !isA(last.message, 'stream') || !isA(added, 'stream'))
      return false
    const { name, text } = last.message.content
    if (name !== added.content.name || text.length + added.content.text.length > longestText) return false
    replace(last, { ...last.message, content: { name, text: text + added.content.text } } as Stream)
    return true
  }

  function trim() {
    for (const entry of entries.values())
      for (const item of entry.items) {
        if (bytes <= maxBytes) return
        if (item === entry.lost || !isOutput(item.message)) continue
        if (entry.lost) drop(entry, item)
        else {
          const text = `sdnb: output is missing here: more came than is kept for a client that was not there\n`
          release(item)
          Object.assign(item, {
            message: message('stream', { name: 'stderr', text }, entry.header),
            bytes: messageBytes,
          })
          bytes += item.bytes
          entry.lost = item
        }
      }
  }
}

const outputTypes = new Set(['stream', 'display_data', 'update_display_data', 'execute_result', 'error'])
const isOutput = ({ header }: Message) => outputTypes.has(header.msg_type)

const isA = <Type extends MessageType>(message: Message, type: Type): message is MessageOf<Type> =>
  message.header.msg_type === type

function displayOf(message: Message): string | undefined {
  if (!isA(message, 'display_data') && !isA(message, 'update_display_data')) return undefined
  return message.content.transient.display_id
}

function sizeOf({ content }: Message): number {
  const size = (value: unknown): number => {
    if (typeof value === 'string' || value instanceof Uint8Array) return value.length
    if (typeof value !== 'object' || value === null) return 8
    return Object.values(value).reduce((sum, item) => sum + size(item), 0)
  }
  return messageBytes + size(content)
}
