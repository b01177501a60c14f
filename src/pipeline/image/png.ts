import { inflateSync } from 'node:zlib'

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
  const { default: sharp } = await loadEncoder()
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ adaptiveFiltering: true }) // half the size of smooth pictures
    .toBuffer()
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text))
  return Buffer.concat([png.subarray(0, endOfHeader), ...chunks, png.subarray(endOfHeader)])
}

/** What {@link encodePng} encodes with; to load it takes 60 ms, once. */
export const loadEncoder = () => import('sharp')

/** The signature and the IHDR chunk, always first. */
const endOfHeader = 8 + 25

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
