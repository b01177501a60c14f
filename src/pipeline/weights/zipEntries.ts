/** A file within a zip archive, stored as it is. */
export interface ZipEntry {
  /** of its bytes, from the start of the archive */
  offset: number
  length: number
}

/**
 * What a zip archive holds, by its central directory. For archives that torch writes: nothing in them is compressed or encrypted, and none is larger
 * than 4 GB.
 * @throws RangeError saying what is no such archive
 * @see APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12 and 4.3.16
 */
export function zipEntries(archive: Buffer): Map<string, ZipEntry> {
  const end = archive.lastIndexOf(endOfDirectory)
  if (end === -1) throw new RangeError('the archive has no directory at its end: it is cut short')
  const count = archive.readUInt16LE(end + 10)
  const entries = new Map<string, ZipEntry>()
  let at = archive.readUInt32LE(end + 16)
  for (let i = 0; i < count; i++) {
    if (archive.readUInt32LE(at) !== 0x02014b50) throw new RangeError('the directory of the archive is damaged')
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)]
    const [nameLength, extra, comment] = [28, 30, 32].map(place => archive.readUInt16LE(at + place))
    const local = archive.readUInt32LE(at + 42)
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    if (method !== 0) throw new RangeError(`"${name}" of the archive is compressed, which torch never does`)
    if (archive.readUInt32LE(local) !== 0x04034b50) throw new RangeError(`"${name}" of the archive is not in its place`)
    const offset = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    if (offset + size > archive.length) throw new RangeError(`"${name}" of the archive is cut short`)
    entries.set(name, { offset, length: size })
    at += 46 + nameLength + extra + comment
  }
  return entries
}

const endOfDirectory = Buffer.from('PK\x05\x06', 'latin1')
