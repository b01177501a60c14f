import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { dynamicSection } from '../../../src/pipeline/runtime/elf.js'

const require = createRequire(import.meta.url)
const bin = join(dirname(require.resolve('onnxruntime-node')), '../bin/napi-v6')
const binding = join(bin, 'linux/x64/onnxruntime_binding.node')

test("onnxruntime's binding tells what it is loaded with, and where it looks", () =>
  expect(dynamicSection(binding)).toEqual({
    needed: ['libonnxruntime.so.1', 'libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libc.so.6'],
    runpath: ['$ORIGIN/'],
  }))

test('the same of the 64-bit ARM', () =>
  expect(dynamicSection(join(bin, 'linux/arm64/onnxruntime_binding.node')).needed).toContain('libonnxruntime.so.1'))

test('a file that is none, or is cut off, is an error that names it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-elf-'))
  try {
    const [text, half] = [join(folder, 'libc.so'), join(folder, 'half.so')]
    writeFileSync(text, `GROUP ( /lib/libc.so.6 )${' '.repeat(64)}`)
    writeFileSync(half, readFileSync(binding).subarray(0, 4096))
    expect(() => dynamicSection(text)).toThrow(`Expected a 64-bit little-endian ELF file, got ${text}`)
    expect(() => dynamicSection(half)).toThrow(`${half} is cut off`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
