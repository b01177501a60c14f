/**
 * The smallest shared library that a loader's reader understands: 64-bit little-endian, one segment, one dynamic section that
 * names what it needs and where it looks.
 */
export function sharedLibrary(needed: string[], runpath?: string): Buffer {
  const [headerBytes, segmentBytes, pairBytes] = [64, 56, 16]
  const texts = [...needed, ...(runpath === undefined ? [] : [runpath])]
  const names = Buffer.from(`\0${texts.map(text => `${text}\0`).join('')}`)
  const offsets = texts.map((_, i) => 1 + texts.slice(0, i).reduce((sum, text) => sum + text.length + 1, 0))
  const dynamicAt = headerBytes + 2 * segmentBytes
  const pairs = [
    ...needed.map((_, i) => [1, offsets[i]]),
    ...(runpath === undefined ? [] : [[29, offsets[needed.length]]]),
    [5, dynamicAt + pairBytes * (texts.length + 3)], // the string table begins after these pairs
    [10, names.length],
    [0, 0],
  ]
  const file = Buffer.alloc(dynamicAt + pairBytes * pairs.length + names.length)
  const write = (value: number, at: number) => file.writeBigUInt64LE(BigInt(value), at)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeUInt16LE(3, 16) // a shared object
  file.writeUInt16LE(62, 18) // for x86-64
  write(headerBytes, 32)
  file.writeUInt16LE(segmentBytes, 54)
  file.writeUInt16LE(2, 56)
  for (const [i, [type, at, bytes]] of [
    [1, 0, file.length],
    [2, dynamicAt, pairBytes * pairs.length],
  ].entries()) {
    const segment = headerBytes + i * segmentBytes
    file.writeUInt32LE(type, segment)
    write(at, segment + 8)
    write(at, segment + 16)
    write(bytes, segment + 32)
  }
  for (const [i, [tag, value]] of pairs.entries()) {
    write(tag, dynamicAt + i * pairBytes)
    write(value, dynamicAt + i * pairBytes + 8)
  }
  names.copy(file, dynamicAt + pairBytes * pairs.length)
  return file
}
