import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { dynamicSection } from './elf.js'

export interface LibraryUse {
  name: string
  /** undefined where the loader would not find it */
  path?: string
}

/**
 * What Linux's loader would open for these names, and for what those need in turn: it looks in the folders, then where the
 * library that asks says itself, then in ld.so.cache and the standard folders.
 * @param folders as in LD_LIBRARY_PATH
 */
export function libraryUses(names: string[], folders: string[], askedBy: string[] = []): LibraryUse[] {
  const uses = new Map<string, LibraryUse>()
  const open = names.map(name => ({ name, runpath: askedBy }))
  for (let next = open.pop(); next; next = open.pop()) {
    const { name, runpath } = next
    if (uses.get(name)?.path) continue
    const path = found(name, [...folders, ...runpath])
    uses.set(name, { name, path })
    if (path) open.push(...needsOf(path))
  }
  return [...uses.values()].sort((a, b) => a.name.localeCompare(b.name))
}

/** The libraries that a file is loaded with, and those that they need. @throws Error where it is no library */
export function libraryUsesOf(path: string, folders: string[]): LibraryUse[] {
  const { needed, runpath } = dynamicSection(path)
  return libraryUses(needed, folders, runpathOf(path, runpath))
}

function needsOf(path: string): { name: string; runpath: string[] }[] {
  try {
    const { needed, runpath } = dynamicSection(path)
    return needed.map(name => ({ name, runpath: runpathOf(path, runpath) }))
  } catch {
    return [] // a text that a linker reads, as some libc.so are
  }
}

const runpathOf = (path: string, runpath: string[]) =>
  runpath.map(folder => resolve(folder.replace(/\$ORIGIN|\$\{ORIGIN\}/, dirname(path))))

function found(name: string, folders: string[]): string | undefined {
  const inFolder = folders.map(folder => join(folder, name)).find(existsSync)
  if (inFolder) return inFolder
  const cached = cache().get(name)
  if (cached && existsSync(cached)) return cached
  return standardFolders.map(folder => join(folder, name)).find(existsSync)
}

const standardFolders = [
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
]

let cacheRead: Map<string, string> | undefined

/** Name → path of glibc's /etc/ld.so.cache; none where there is no such file. Layout: glibc sysdeps/generic/dl-cache.h. */
function cache(): Map<string, string> {
  cacheRead ??= existsSync('/etc/ld.so.cache') ? cacheEntries(readFileSync('/etc/ld.so.cache')) : new Map()
  return cacheRead
}

export function cacheEntries(file: Buffer): Map<string, string> {
  const entries = new Map<string, string>()
  const start = file.indexOf('glibc-ld.so.cache1.1') // older caches have another table before it
  if (start < 0) return entries
  const text = (offset: number) => file.toString('utf8', start + offset, file.indexOf(0, start + offset))
  const [headerBytes, entryBytes, x64] = [48, 24, 0x0303]
  const count = file.readUInt32LE(start + 20)
  for (let i = 0; i < count; i++) {
    const at = start + headerBytes + i * entryBytes
    const name = text(file.readUInt32LE(at + 4))
    // The first is the loader's choice; there may be one for 32 bits too.
    if (file.readUInt32LE(at) === x64 && !entries.has(name)) entries.set(name, text(file.readUInt32LE(at + 8)))
  }
  return entries
}
