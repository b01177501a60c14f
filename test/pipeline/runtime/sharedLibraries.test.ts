import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { cacheEntries, libraryUses, libraryUsesOf } from '../../../src/pipeline/runtime/sharedLibraries.js'
import { sharedLibrary } from '../../support/elf.js'

const folder = mkdtempSync(join(tmpdir(), 'sdnb-libraries-'))
afterAll(() => rmSync(folder, { recursive: true }))

function library(path: string, needed: string[], runpath?: string): string {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, sharedLibrary(needed, runpath))
  return file
}

describe.runIf(process.platform === 'linux')('as the loader of Linux', () => {
  test('finds what a library needs, and what that needs, in the folders and where they say themselves', () => {
    const provider = library('bin/provider.so', ['libone.so.1', 'liblost.so.2'])
    const one = library('cuda/libone.so.1', ['libtwo.so.1'], '$ORIGIN/../more')
    const two = library('more/libtwo.so.1', [])
    expect(libraryUsesOf(provider, [join(folder, 'cuda')])).toEqual([
      { name: 'liblost.so.2', path: undefined },
      { name: 'libone.so.1', path: one },
      { name: 'libtwo.so.1', path: two },
    ])
  })

  test('takes the first folder that has it', () => {
    const first = library('a/libsame.so', [])
    library('b/libsame.so', [])
    expect(libraryUses(['libsame.so'], [join(folder, 'a'), join(folder, 'b')])).toEqual([
      { name: 'libsame.so', path: first },
    ])
  })

  test('ends where libraries need each other', () => {
    library('ring/libx.so', ['liby.so'])
    library('ring/liby.so', ['libx.so'])
    expect(libraryUses(['libx.so'], [join(folder, 'ring')]).map(({ name }) => name)).toEqual(['libx.so', 'liby.so'])
  })

  test("this program's own libraries are found without being told where", () => {
    const uses = libraryUsesOf(process.execPath, [])
    expect(uses.map(({ name }) => name)).toContain('libc.so.6')
    expect(uses.filter(({ path }) => !path)).toEqual([])
  })

  const ldconfig = ['/sbin/ldconfig', '/usr/sbin/ldconfig'].find(existsSync)
  test.runIf(ldconfig && existsSync('/etc/ld.so.cache') && process.arch === 'x64')(
    'reads its cache as ldconfig does',
    () => {
      const told = execFileSync(ldconfig!, ['-p'], { encoding: 'utf8' })
      const path = /libc\.so\.6 \(libc6,x86-64.*=> (\S+)/.exec(told)?.[1]
      expect(cacheEntries(readFileSync('/etc/ld.so.cache')).get('libc.so.6')).toBe(path)
    },
  )
})

test('a cache that is none has no entries', () =>
  expect(cacheEntries(Buffer.from('something else'))).toEqual(new Map()))
