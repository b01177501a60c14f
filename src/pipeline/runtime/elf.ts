import { closeSync, openSync, readSync } from 'node:fs'

/** What a shared library tells the loader. */
export interface DynamicSection {
  /** Names of the libraries that it is loaded with, as `libcudart.so.12` (DT_NEEDED). */
  needed: string[]
  /** Where it looks for them itself, as `$ORIGIN/../lib` (DT_RUNPATH, DT_RPATH). */
  runpath: string[]
}

const tags = { needed: 1, stringTable: 5, stringBytes: 10, rpath: 15, runpath: 29 }
const segments = { load: 1, dynamic: 2 }

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file; of a large file a few kilobytes.
 * Format: System V ABI, chapters 4 and 5 (https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html).
 * @throws Error where it is no such file, or is cut off
 */
export function dynamicSection(path: string): DynamicSection {
  const file = openSync(path, 'r')
  try {
    return read((offset, bytes) => {
      const buffer = Buffer.alloc(bytes)
      if (readSync(file, buffer, 0, bytes, offset) < bytes) throw new Error(`${path} is cut off`)
      return buffer
    }, path)
  } finally {
    closeSync(file)
  }
}

type Slice = (offset: number, bytes: number) => Buffer

function read(slice: Slice, path: string): DynamicSection {
  const header = slice(0, 64)
  if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
    throw new Error(`Expected a 64-bit little-endian ELF file, got ${path}`)
  const [entryBytes, entries] = [header.readUInt16LE(54), header.readUInt16LE(56)]
  const table = slice(number(header, 32), entryBytes * entries)
  const parts = Array.from({ length: entries }, (_, i) => {
    const at = i * entryBytes
    const [offset, address, bytes] = [8, 16, 32].map(field => number(table, at + field))
    return { type: table.readUInt32LE(at), offset, address, bytes }
  })
  const dynamic = parts.find(({ type }) => type === segments.dynamic)
  if (!dynamic) return { needed: [], runpath: [] }

  const values = new Map<number, number[]>()
  const pairs = slice(dynamic.offset, dynamic.bytes)
  for (let at = 0; at + 16 <= pairs.length && number(pairs, at) !== 0; at += 16) {
    const tag = number(pairs, at)
    values.set(tag, [...(values.get(tag) ?? []), number(pairs, at + 8)])
  }
  const address = values.get(tags.stringTable)?.[0] ?? 0
  const loaded = parts.find(
    part => part.type === segments.load && part.address <= address && address < part.address + part.bytes,
  )
  if (!loaded) throw new Error(`The names in ${path} lie outside of what is loaded`)
  const names = slice(address - loaded.address + loaded.offset, values.get(tags.stringBytes)?.[0] ?? 0)
  const texts = (tag: number) =>
    (values.get(tag) ?? []).map(start => names.toString('utf8', start, names.indexOf(0, start)))
  const runpath = texts(tags.runpath).length > 0 ? texts(tags.runpath) : texts(tags.rpath)
  return { needed: texts(tags.needed), runpath: runpath.flatMap(text => text.split(':')).filter(Boolean) }
}

const number = (buffer: Buffer, offset: number) => Number(buffer.readBigUInt64LE(offset))
