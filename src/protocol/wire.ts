import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Message } from './messages.js'

/** A message as it came: signed by who has the key, but not checked against the protocol's shapes. */
export interface Received {
  /** the way back to who sent it */
  identities: Uint8Array[]
  header: unknown
  parent_header: unknown
  metadata: unknown
  content: unknown
  buffers: Uint8Array[]
  /** why a part after the header is `undefined` */
  problem?: string
}

/** Frames that hold no message: not to be answered, since nobody can be said to have sent them. */
export class WireError extends Error {
  override name = 'WireError'
}

/** Messages ↔ frames of Jupyter's wire: identities, delimiter, signature, header, parent header, metadata, content, buffers. */
export interface Wire {
  /** @param envelope identities of the client that a reply goes to, or a topic for all who subscribed to it */
  encode(message: Message, envelope?: Uint8Array[]): Uint8Array[]
  /** @throws WireError for frames that are not of the wire's form, have a wrong signature or one that came before */
  decode(frames: Uint8Array[]): Received
}

const delimiter = Buffer.from('<IDS|MSG>')
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** No message of a known client comes near it, and what walks a message by recursion is safe below it. */
const maxDepth = 200

/** Signatures that are kept to tell a message that is sent again, as many as jupyter_client keeps. */
const keptSignatures = 2 ** 16

/**
 * The wire of a connection file.
 * @param key an empty one leaves messages unsigned
 * @param scheme `hmac-` and the name of a hash
 * @throws RangeError for a scheme that does not exist here
 */
export function createWire(key: string, scheme = 'hmac-sha256'): Wire {
  const hash = /^hmac-(.+)$/.exec(scheme)?.[1]
  const sign = (parts: Uint8Array[]) => {
    if (key === '') return ''
    const hmac = createHmac(hash!, key)
    for (const part of parts) hmac.update(part)
    return hmac.digest('hex')
  }
  try {
    if (hash === undefined) throw new Error()
    createHmac(hash, key)
  } catch {
    throw new RangeError(`signature_scheme: expected one like hmac-sha256, got ${JSON.stringify(scheme)}`)
  }
  const seen = new Set<string>()

  return {
    encode(message, envelope = []) {
      const { header, parent_header, metadata, content, buffers = [] } = message
      const around = [header, parent_header, metadata].map(part => Buffer.from(JSON.stringify(part)))
      const parts = [...around, contentPart(content)]
      return [...envelope, delimiter, Buffer.from(sign(parts)), ...parts, ...buffers]
    },

    decode(frames) {
      const at = frames.findIndex(frame => delimiter.equals(frame))
      if (at < 0) throw new WireError('no delimiter <IDS|MSG>')
      const [signature, ...rest] = frames.slice(at + 1)
      const parts = rest.slice(0, 4)
      if (parts.length < 4) throw new WireError(`expected a signature and 4 parts, got ${parts.length} parts`)
      const expected = sign(parts)
      if (!sameText(signature, expected)) throw new WireError('wrong signature')
      if (key !== '') {
        if (seen.has(expected)) throw new WireError('sent before')
        seen.add(expected)
        if (seen.size > keptSignatures) seen.delete(seen.values().next().value!)
      }
      const received: Received = {
        ...{ identities: frames.slice(0, at), buffers: rest.slice(4), header: parsed(parts[0], 'header') },
        ...{ parent_header: undefined, metadata: undefined, content: undefined },
      }
      try {
        received.parent_header = parsed(parts[1], 'parent_header')
        received.metadata = parsed(parts[2], 'metadata')
        received.content = parsed(parts[3], 'content')
      } catch (error) {
        received.problem = (error as WireError).message
      }
      return received
    },
  }
}

/** In a time that does not tell how much of it was right. */
function sameText(given: Uint8Array, expected: string): boolean {
  const bytes = Buffer.from(expected)
  return given.length === bytes.length && timingSafeEqual(given, bytes)
}

function parsed(part: Uint8Array, name: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(part))
  } catch {
    throw new WireError(`${name}: expected JSON in UTF-8`)
  }
  if (deeperThan(maxDepth, value)) throw new WireError(`${name}: nested deeper than ${maxDepth}`)
  return value
}

function deeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(inner => deeperThan(levels - 1, inner))
}

/** Stands for bytes in JSON, and for nothing else: a picture of megabytes is not to be searched for what JSON escapes. */
const mark = crypto.randomUUID()

/** A message's content; bytes in its mime bundle, or in those of its user expressions, as base64. */
function contentPart(content: object): Buffer {
  const binary: Uint8Array[] = []
  const [first, ...rest] = JSON.stringify(marked(content, binary)).split(mark)
  if (!binary.length) return Buffer.from(first)
  return Buffer.concat([Buffer.from(first), ...rest.flatMap((text, i) => [base64(binary[i]), Buffer.from(text)])])
}

function marked(content: object, binary: Uint8Array[]): object {
  const { data, user_expressions: expressions } = content as { data?: unknown; user_expressions?: unknown }
  const mapped = (object: object, change: (value: unknown) => unknown) =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
  const markedValue = (value: unknown) => {
    if (!(value instanceof Uint8Array)) return value
    binary.push(value)
    return mark
  }
  if (isObject(data)) return { ...content, data: mapped(data, markedValue) }
  if (!isObject(expressions)) return content
  return { ...content, user_expressions: mapped(expressions, value => marked(value as object, binary)) }
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(buffer, byteOffset, byteLength).toString('base64'), 'latin1')
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
