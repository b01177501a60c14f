import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { Image } from '../src/index.js'

const page = 'docs/images.md'
const blocks = [...readFileSync(page, 'utf8').matchAll(/^## ([^\n]+)$[^#]*?^```ts\n(.*?)^```$/gms)]

test.each(blocks.map(([, title, code]) => ({ title, code })))(`${page}: $title runs`, async ({ code }) => {
  const folder = mkdtempSync(join(import.meta.dirname, 'docs-'))
  try {
    const lines = code.trimEnd().split('\n')
    const last = lines.pop()
    const file = join(folder, 'example.ts')
    const index = pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href
    writeFileSync(file, [...lines, `export default ${last}`].join('\n').replace("'sdnb'", `'${index}'`))
    const { default: shown } = await import(file)
    expect(shown).toBeInstanceOf(Image)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test(`${page} has examples to run`, () => expect(blocks).toHaveLength(2))
