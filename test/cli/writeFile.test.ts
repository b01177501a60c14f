import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeFileWhole } from '../../src/cli/writeFile.js'
import { newFolder } from './sdnb.js'

test('a file is replaced, its rights stay, and folders are made', async () => {
  const folder = newFolder()
  await writeFileWhole(join(folder, 'a/b/c.txt'), 'one')
  chmodSync(join(folder, 'a/b/c.txt'), 0o600)
  await writeFileWhole(join(folder, 'a/b/c.txt'), 'two')
  expect(readFileSync(join(folder, 'a/b/c.txt'), 'utf8')).toBe('two')
  expect(statSync(join(folder, 'a/b/c.txt')).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['c.txt'])
})

test('a link stays a link, and what it points to is replaced', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'real.txt'), 'one')
  symlinkSync('real.txt', join(folder, 'link.txt'))
  await writeFileWhole(join(folder, 'link.txt'), 'two')
  expect(lstatSync(join(folder, 'link.txt')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(folder, 'real.txt'), 'utf8')).toBe('two')
})

test('a write that fails leaves nothing behind', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'taken'))
  await expect(writeFileWhole(join(folder, 'taken'), 'x')).rejects.toThrow('EISDIR')
  expect(readdirSync(folder)).toEqual(['taken'])
})
