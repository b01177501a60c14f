import type { Message } from './messages.js'
import type { JsonValue } from './mime.js'

/**
 * Messages on a local socket. A frame is two little-endian 32-bit numbers, the length of what follows them and the length of the JSON in
 * it, then the JSON of `{ message, bytes }`, then the bytes: `bytes` tells, in order, where in the message each run of them belongs.
 * So pictures cross as they are.
 */
interface Envelope {
  message: unknown
  bytes: { path: (string | number)[]; length: number }[]
}

/** Largest frame that is taken, bytes. */
export const largestFrame = 1 << 30

/** @throws RangeError for a message too large for a frame */
export function encodeFrame(message: Message | { [key: string]: JsonValue }): Uint8Array {
  const parts: Uint8Array[] = []
  const bytes: Envelope['bytes'] = []
  const withoutBytes = (value: unknown, path: (string | number)[]): unknown => {
    if (value instanceof Uint8Array) {
      parts.push(value)
      bytes.push({ path, length: value.length })
      return null
    }
    if (Array.isArray(value)) return value.map((item, index) => withoutBytes(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutBytes(item, [...path, key])]))
  }
  const envelope: Envelope = { message: withoutBytes(message, []), bytes }
  const json = Buffer.from(JSON.stringify(envelope))
  const head = Buffer.alloc(8)
  const size = 4 + json.length + parts.reduce((sum, part) => sum + part.length, 0)
  if (size > largestFrame) throw new RangeError(`expected a message of at most ${largestFrame} bytes, got ${size}`)
  head.writeUInt32LE(size, 0)
  head.writeUInt32LE(json.length, 4)
  return Buffer.concat([head, json, ...parts])
}

/**
 * Takes a stream's chunks as they come.
 * @param take gets each frame's message
 * @param largest bytes that the next frame may have
 * @throws Error for what is no frame; nothing can be read from the stream after that
 */
export function frameDecoder(
  take: (message: unknown) => void,
  largest = () => largestFrame,
): (chunk: Uint8Array) => void {
  let chunks: Uint8Array[] = []
  let length = 0
  return chunk => {
    chunks.push(chunk)
    length += chunk.length
    while (length >= 8) {
      if (chunks[0].length < 8) chunks = [Buffer.concat(chunks)]
      const size = view(chunks[0]).readUInt32LE(0)
      if (size > largest()) throw new Error(`expected a frame of at most ${largest()} bytes, got ${size}`)
      if (length < 4 + size) return
      const whole = chunks.length === 1 ? view(chunks[0]) : Buffer.concat(chunks)
      chunks = [whole.subarray(4 + size)]
      length -= 4 + size
      take(decode(whole.subarray(4, 4 + size)))
    }
  }
}

function decode(frame: Buffer): unknown {
  const jsonLength = frame.readUInt32LE(0)
  let offset = 4 + jsonLength
  const { message, bytes } = JSON.parse(frame.toString('utf8', 4, offset)) as Envelope
  for (const { path, length } of bytes) {
    const keys = [...path]
    const last = keys.pop()!
    const holder = keys.reduce(own, message)
    if (own(holder, last) === null)
      (holder as Record<string | number, unknown>)[last] = new Uint8Array(frame.subarray(offset, offset + length))
    offset += length
  }
  return message
}

/** Never what an object inherits: a path is what someone sent. */
function own(value: unknown, key: string | number): unknown {
  if (!Object.hasOwn(Object(value), key)) throw new Error(`bytes: expected a path into the message, got ${key}`)
  return (value as Record<string | number, unknown>)[key]
}

const view = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
