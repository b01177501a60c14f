import { promisify } from 'node:util'
import { deflate, inflateSync } from 'node:zlib'

/**
 * 8-bit RGB → PNG, with text chunks: tEXt where Latin-1 can hold the text, iTXt (UTF-8) otherwise, as PIL chooses.
 * @param data [height, width, 3]
 * @param texts keyword → text; a keyword is 1–79 Latin-1 characters
 * @see https://www.w3.org/TR/png-3/
 */
export async function encodePng(
  width: number,
  height: number,
  data: Uint8Array,
  texts: Record<string, string> = {},
): Promise<Uint8Array> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8) // 8 bits, RGB, deflate, adaptive filters, no interlace
  const pixels = await promisify(deflate)(filtered(data, width * 3, height))
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text)),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** The text chunks (tEXt, zTXt, iTXt) of a PNG, by keyword; empty for bytes that are no PNG. */
export function pngTexts(bytes: Uint8Array): Record<string, string> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: Record<string, string> = {}
  if (!file.subarray(0, 8).equals(signature)) return texts
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    if (type === 'tEXt' || type === 'zTXt' || type === 'iTXt') {
      const found = textOf(type, file.subarray(at + 8, at + 8 + length))
      if (found) texts[found[0]] = found[1]
    }
    at += 12 + length
  }
  return texts
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function chunk(type: string, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(content.length + 12)
  bytes.writeUInt32BE(content.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(content, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, content.length + 8)), content.length + 8)
  return bytes
}

function textChunk(keyword: string, text: string): Buffer {
  const clean = text.replaceAll('\0', '')
  const latin1 = Array.from(clean).every(c => (c.codePointAt(0) as number) < 256)
  if (latin1) return chunk('tEXt', Buffer.from(`${keyword}\0${clean}`, 'latin1'))
  // no compression, method 0, no language, no translated keyword
  return chunk('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(clean, 'utf8')]))
}

/** `undefined` for a chunk that is broken: a picture is not refused for its remarks. */
function textOf(type: string, content: Buffer): [string, string] | undefined {
  const end = content.indexOf(0)
  if (end === -1) return undefined
  const keyword = content.toString('latin1', 0, end)
  try {
    if (type === 'tEXt') return [keyword, content.toString('latin1', end + 1)]
    if (type === 'zTXt') return [keyword, inflateSync(content.subarray(end + 2)).toString('latin1')]
    const compressed = content[end + 1] === 1
    const language = content.indexOf(0, end + 3)
    const translated = content.indexOf(0, language + 1)
    if (language === -1 || translated === -1) return undefined
    const text = content.subarray(translated + 1)
    return [keyword, (compressed ? inflateSync(text) : text).toString('utf8')]
  } catch {
    return undefined
  }
}

/** Each row by the filter with the least sum of absolute differences, the PNG specification's advice (12.7). */
function filtered(data: Uint8Array, stride: number, height: number): Buffer {
  const out = Buffer.alloc((stride + 1) * height)
  const none = new Uint8Array(stride)
  const tries = [0, 1, 2, 3, 4].map(() => new Uint8Array(stride))
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * stride, (y + 1) * stride)
    const above = y === 0 ? none : data.subarray((y - 1) * stride, y * stride)
    const sums = [0, 0, 0, 0, 0]
    for (let x = 0; x < stride; x++) {
      const a = x < 3 ? 0 : row[x - 3]
      const b = above[x]
      const c = x < 3 ? 0 : above[x - 3]
      const predictions = [0, a, b, (a + b) >> 1, paeth(a, b, c)]
      for (let filter = 0; filter < 5; filter++) {
        const difference = (row[x] - predictions[filter]) & 255
        tries[filter][x] = difference
        sums[filter] += difference < 128 ? difference : 256 - difference
      }
    }
    const best = sums.indexOf(Math.min(...sums))
    out[y * (stride + 1)] = best
    out.set(tries[best], y * (stride + 1) + 1)
  }
  return out
}

function paeth(a: number, b: number, c: number): number {
  const toA = Math.abs(b - c)
  const toB = Math.abs(a - c)
  const toC = Math.abs(a + b - 2 * c)
  return toA <= toB && toA <= toC ? a : toB <= toC ? b : c
}

/** zlib's, which Node has only since 20.15. */
function crc32(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255]
  return ~crc >>> 0
}

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})
