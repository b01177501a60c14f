import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as sdnb from '../../src/pipeline/index.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/prompts.md'), 'utf8')
const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)

test('docs/prompts.md runs from top to bottom', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-page-'))
  const code = blocks.join('\n').replace(/import (\{[^}]*\}) from 'sdnb'/g, 'const $1 = sdnb')
  const { outputText } = ts.transpileModule(code.replaceAll("'car.png'", JSON.stringify(join(folder, 'car.png'))), {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  })
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  const [first, again] = await new AsyncFunction(
    'sdnb',
    `${outputText}\nawait pipeline.dispose()\nreturn [images, again.images]`,
  )(sdnb)
  expect(again[0].data).toEqual(first[0].data)
  rmSync(folder, { recursive: true })
}, 60_000)

test('its comments tell what the functions give', () => {
  const told = blocks.flatMap(code => [...code.matchAll(/^(\w+\(.*\)) \/\/ +(.*)$/gm)])
  expect(told).toHaveLength(5)
  for (const [, call, value] of told)
    expect(new Function('sdnb', `with (sdnb) return ${call}`)(sdnb), call).toEqual(new Function(`return ${value}`)())
})
