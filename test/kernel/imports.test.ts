import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { error, folder, result, run, write } from './kernelProcess.js'

describe('import', () => {
  test('of a local .ts file needs no extension, and knows enums, types and its own imports', async () => {
    await write(
      'colours.ts',
      `import { type Hex, red } from './red'\nexport enum Colour { Red = 'r' }\nexport const hex: Hex = red`,
    )
    await write('red.ts', `export type Hex = string\nexport const red: Hex = '#f00'`)
    expect(result(await run(`import { Colour, hex, type Hex } from './colours'\n[Colour.Red, hex]`))).toBe(
      `[ 'r', '#f00' ]`,
    )
    expect(result(await run(`(await import('./colours.js')).hex`))).toBe(`'#f00'`)
  })

  test('reads a file again that has changed, or imports one that has; others keep their state', async () => {
    await write('changing.ts', 'export const value: number = 1')
    await write('state.ts', 'export const state = { count: 0 }')
    await write('above.ts', `export { value } from './changing'\nexport { state } from './state'`)
    await run(`import { value, state } from './above'\nstate.count++`)
    await setTimeout(20)
    await write('changing.ts', 'export const value: number = 2')
    expect(result(await run(`import { value, state } from './above'\n[value, state.count]`))).toBe('[ 2, 1 ]')
  })

  test('of a package that was not there a moment ago', async () => {
    expect(error(await run(`import small from 'small'`)).evalue).toBe(
      `Cannot find package 'small'; a cell with !npm install small installs it`,
    )
    await mkdir(join(folder, 'node_modules/small'), { recursive: true })
    await write('node_modules/small/package.json', '{ "name": "small", "version": "1.0.0", "main": "main.js" }')
    await write('node_modules/small/main.js', 'module.exports = { answer: 42 }; module.exports["quiet" + "ly"] = 43')
    expect(result(await run(`import small, { answer, quietly } from 'small'\n[small.answer, answer, quietly]`))).toBe(
      '[ 42, 42, 43 ]',
    )
  })

  test('below a ! line waits for it, as npm may install what it names', async () => {
    const install = '!mkdir -p node_modules/quick && echo "module.exports = 7" > node_modules/quick/index.js'
    expect(
      result(await run(`import { sep } from 'node:path'\n${install}\nimport quick from 'quick'\nquick + sep`)),
    ).toBe(`'7/'`)
  })

  test('that failed in a local file or a package works once what it missed is there', async () => {
    await mkdir(join(folder, 'node_modules/above'), { recursive: true })
    await write('node_modules/above/package.json', '{ "name": "above", "type": "module", "exports": "./main.js" }')
    await write('node_modules/above/main.js', `export { default } from 'below'`)
    await write('helper.ts', `export { default } from 'below'`)
    expect(error(await run(`import helper from './helper'`)).evalue).toContain(
      `Cannot find package 'below' imported from `,
    )
    expect(error(await run(`import above from 'above'`)).evalue).toContain(`Cannot find package 'below' imported from `)
    await mkdir(join(folder, 'node_modules/below'))
    await write('node_modules/below/package.json', '{ "name": "below", "type": "module", "main": "./main.js" }')
    await write('node_modules/below/main.js', 'export default 1')
    expect(result(await run(`import helper from './helper'\nimport above from 'above'\n[helper, above]`))).toBe(
      '[ 1, 1 ]',
    )
  })

  test('of sdnb and transformers.js is the kernel’s own copy, from a local file too', async () => {
    await write('own.ts', `export { display } from 'sdnb'`)
    const code = `import { display } from 'sdnb'\nimport { display as same } from './own'\nimport { env } from '@huggingface/transformers'\n[display === same, typeof env.version]`
    expect(result(await run(code))).toBe(`[ true, 'string' ]`)
  })

  test('of JSON, of Node’s own, and where the notebook stands', async () => {
    await write('data.json', '{ "a": 1 }')
    expect(result(await run(`import data from './data.json' with { type: 'json' }\n[data, import.meta.dirname]`))).toBe(
      `[ { a: 1 }, '${folder}' ]`,
    )
  })

  test('of JSON needs no attribute, in a local file neither, and reads it again when it has changed', async () => {
    await write('free.json', '{ "a": 1 }')
    await write('reads.ts', `import data, { a } from './free.json'\nexport const both = [data, a]`)
    const code = `import data from './free.json'\nimport { both } from './reads'\n[data, both]`
    expect(result(await run(code))).toBe('[ { a: 1 }, [ { a: 1 }, 1 ] ]')
    await setTimeout(20)
    await write('free.json', '{ "a": 2 }')
    expect(result(await run(code))).toBe('[ { a: 2 }, [ { a: 2 }, 2 ] ]')
    await write('broken.json', '{ "a": ')
    expect(error(await run(`import './broken.json'`)).evalue).toContain(`${join(folder, 'broken.json')}: `)
  })

  test('of CommonJS files reads them again when they, or what they require, have changed', async () => {
    await write('outer.cjs', `exports.inner = require('./inner.cjs')`)
    await write('inner.cjs', 'module.exports = 1')
    await write('over.ts', `export { inner } from './outer.cjs'`)
    const code = `import { inner } from './outer.cjs'\nimport * as over from './over'\n[inner, over.inner, require('./outer.cjs').inner]`
    expect(result(await run(code))).toBe('[ 1, 1, 1 ]')
    await setTimeout(20)
    await write('inner.cjs', 'module.exports = 2')
    expect(result(await run(`require('./outer.cjs').inner`))).toBe('2')
    expect(result(await run(code))).toBe('[ 2, 2, 2 ]')
    await setTimeout(20)
    await write('outer.cjs', `exports.inner = 3; exports.more = 4`)
    expect(result(await run(`import { inner, more } from './outer.cjs'\n[inner, more]`))).toBe('[ 3, 4 ]')
  })

  test('of JSX, and of import = require in .ts and .cts files', async () => {
    await mkdir(join(folder, 'node_modules/react'), { recursive: true })
    await write('node_modules/react/package.json', '{ "name": "react", "exports": { "./jsx-runtime": "./jsx.js" } }')
    await write('node_modules/react/jsx.js', 'exports.jsx = (type, props) => [type, props]')
    await write('view.tsx', `export const View = ({ a }: { a: number }) => <b title="x">{a}</b>`)
    expect(result(await run(`import { View } from './view'\nView({ a: 1 })`))).toBe(
      `[ 'b', { title: 'x', children: 1 } ]`,
    )
    await write('old.cts', `import path = require('node:path')\nexport = { sep: path.sep as string }`)
    await write('new.ts', `import path = require('node:path')\nexport const sep: string = path.sep`)
    expect(result(await run(`import old from './old.cjs'\nimport { sep } from './new'\n[old.sep, sep]`))).toBe(
      `[ '/', '/' ]`,
    )
  })

  test('that fails in a local file names file and line', async () => {
    await write('throws.ts', `interface A {}\n\nexport function fails(): never {\n  throw new Error('in a file')\n}`)
    const { traceback } = error(await run(`import { fails } from './throws'\nfails()`))
    expect(traceback[1]).toBe(`    at fails (${join(folder, 'throws.ts')}:4:9)`)
    await write('wrong.ts', 'export const a =\nexport')
    expect(error(await run(`import './wrong'`)).evalue).toContain(`${join(folder, 'wrong.ts')}:2:1: `)
  })
})
