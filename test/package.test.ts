import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const { bin, exports, imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

function packed(): { path: string; mode: number }[] {
  const shell = process.platform === 'win32'
  const options = ['--dry-run', '--json', '--loglevel=error']
  return JSON.parse(execFileSync('npm', ['pack', ...options], { cwd: root, encoding: 'utf8', shell }))[0].files
}

test('the package holds all that it names, and nothing of its making', () => {
  const files = packed()
  const paths = files.map(({ path }) => path)
  const named = [bin.sdnb, ...Object.values<string>(exports['.']), ...Object.values<string>(imports)]
  expect(paths).toEqual(
    expect.arrayContaining([
      ...named.map(normalize),
      'dist/importHooks.js',
      'dist/cli/run.js',
      'models/clip/merges.txt',
      'models/tiny/model_index.json',
      'assets/kernel/logo-svg.svg',
    ]),
  )
  expect(files.find(({ path }) => path === bin.sdnb)!.mode & 0o111).not.toBe(0)
  const folders = new Set(paths.map(path => path.split('/').slice(0, -1).slice(0, 3).join('/')))
  expect([...folders].filter(folder => /\b(test|tools)\b|^src/.test(folder))).toEqual([])
  expect(paths.filter(path => /tsbuildinfo|\.built$/.test(path))).toEqual([])
})
