import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { requireCompiled } from '../../src/language/requireCompiled.js'

let folder: string
let file: string
const caches = () => readdirSync(join(folder, 'sdnb/compiled')).map(name => join(folder, 'sdnb/compiled', name))
const required = () => requireCompiled(file, { XDG_CACHE_HOME: folder })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdnb-compiled-'))
  file = join(folder, 'greeting.js')
  writeFileSync(file, `exports.text = 'grüß ' + require('./name.json').name; exports.here = [__filename, __dirname]`)
  writeFileSync(join(folder, 'name.json'), '{ "name": "Gott" }')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('gives what require gives, and its compiled code is kept for the next time', () => {
  const exports = { text: 'grüß Gott', here: [file, folder] }
  expect(required()).toEqual(exports)
  const [cache] = caches()
  const { ino } = statSync(cache)
  expect(required()).toEqual(exports)
  expect(caches()).toEqual([cache])
  expect(statSync(cache).ino).toBe(ino) // had V8 refused it, there were a new one
})

test('a file that has changed is compiled anew', () => {
  required()
  writeFileSync(file, 'module.exports = 7')
  expect(required()).toBe(7)
})

test('a damaged cache is replaced', () => {
  required()
  const [cache] = caches()
  const damaged = readFileSync(cache)
  damaged[damaged.length - 20] ^= 255
  writeFileSync(cache, damaged)
  for (let time = 0; time < 2; time++) {
    expect(required()).toMatchObject({ text: 'grüß Gott' })
    expect(readFileSync(cache)).not.toEqual(damaged)
  }
})

test('a cache that cannot be written is done without', () => {
  mkdirSync(join(folder, 'home'))
  writeFileSync(join(folder, 'home/.cache'), 'no folder')
  expect(requireCompiled(file, { HOME: join(folder, 'home') })).toMatchObject({ text: 'grüß Gott' })
})
