import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

/** The files of a zip archive without extensions, by name. APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. */
export function filesIn(path: string): Map<string, () => Buffer> {
  const zip = readFileSync(path)
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  const files = new Map<string, () => Buffer>()
  let at = zip.readUInt32LE(end + 16)
  for (let i = zip.readUInt16LE(end + 10); i > 0; i--) {
    const [method, size, offset] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 42)]
    const lengths = [28, 30, 32].map(field => zip.readUInt16LE(at + field))
    const name = zip.toString('utf8', at + 46, at + 46 + lengths[0])
    files.set(name, () => {
      const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28)
      const bytes = zip.subarray(start, start + size)
      return method === 0 ? bytes : inflateRawSync(bytes)
    })
    at += 46 + lengths[0] + lengths[1] + lengths[2]
  }
  return files
}
