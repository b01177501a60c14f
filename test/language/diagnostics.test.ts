import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLanguageService } from '../../src/language/service.js'
import { cells, errors, folder, service, write } from './session.js'

describe('nothing is wrong with', () => {
  test.each([
    [
      'redeclaring anything by anything',
      [
        'const a = 1',
        'function a() {}',
        'class a {}',
        'import * as a from "node:os"',
        'let a = 1',
        'enum a { X }',
        'a.X',
      ],
    ],
    [
      'a type beside a value of another cell',
      ['const Point = { x: 1 }', 'type Point = typeof Point', 'const p: Point = Point'],
    ],
    [
      'a value beside a type of another cell',
      ['interface Point { x: number }', 'const Point = 1', 'const p: Point = { x: Point }'],
    ],
    ['assigning a let of another cell', ['let n = 0; var m = 1', 'n = 2; m += n; [n, m] = [m, n]; n++']],
    ['narrowing it', ['let s = Math.random() > 1 ? "" : undefined', "s = 'x'", "s = 'x'\ns.length"]],
    ['a let without a type', ['let model', 'model = 5', 'model']],
    ['a declaration in terms of the one before', ['const a = 1', 'const a = a + 1']],
    ['top-level await', ['await Promise.resolve(1)', 'for await (const x of [1]) x']],
    [
      'exports',
      [
        'export const a = 1\nexport default a',
        'export { a }\nexport default function () {}\nexport function f() {}',
        'const b = a; export { b }; f()',
      ],
    ],
    ['import type', ['import type { Stats } from "node:fs"', 'let s: Stats']],
    [
      'generics, namespaces and destructuring',
      [
        'namespace N { export type T<X> = X[] }\nconst { a, ...rest } = { a: 1, b: 2 }',
        'const n: N.T<number> = [a, rest.b]',
      ],
    ],
    ['a name of a later cell in a function', ['const f = () => ({ later, g: later() })']],
    ['! lines', ['!npm install \\\n  x\n\nconst a = 1\n!ls\n;[a]\n!']],
    [
      'decorators and using',
      [
        'class C { @((_: unknown, __: ClassMethodDecoratorContext) => {}) m() {} }\nusing d = { [Symbol.dispose]() {} }',
        'd',
      ],
    ],
    ['prompt and confirm', ["const name: string = prompt('Name?', 'x') ?? ''\nif (confirm()) require('node:fs')"]],
    [
      'what sdnb and transformers export',
      [
        "import { randn, type Tensor } from 'sdnb'\nimport { pipeline } from '@huggingface/transformers'\nconst t: Tensor = randn([1])\nawait pipeline('text-generation')",
      ],
    ],
    ['a JSON import', ["import data from './data.json' with { type: 'json' }\ndata.x.toFixed()"]],
    ['an unused name', ['const unused = 1; function f(x: number) {}']],
  ])('%s', (_, texts) => {
    write('data.json', '{ "x": 1 }')
    const { cell } = cells(...texts, 'function later() {}')
    expect(Array.from({ length: Number(cell) }, (_, i) => service.diagnostics({ cell: String(i + 1) }))).toEqual(
      Array(Number(cell)).fill([]),
    )
  })
})

test('a wrong type is marked in the cell’s own text', () => {
  const at = cells('const a = 1', 'let b = 2\nconst wrong: string = a')
  expect(service.diagnostics({ cell: at.cell })).toEqual([
    { start: 16, end: 21, severity: 'error', code: 2322, message: "Type 'number' is not assignable to type 'string'." },
  ])
})
test('offsets hold behind ! lines and with astral characters', () =>
  expect(errors("!echo '😀'\n!ls\nconst s = '😀'; s.nope")).toEqual(['2339: nope']))
test('offsets hold with the line ends of Windows', () =>
  expect(errors('!ls\r\nconst a = 1\r\na.nope\r\n')).toEqual(['2339: nope']))
test('half-typed text is marked where it ends', () => {
  const at = cells('const a = 1', 'a.')
  expect(service.diagnostics(at)).toMatchObject([{ start: 2, end: 2, code: 1003 }])
})
test('half-typed text leaves the names of its cell to others', () =>
  expect(errors('const a = 1\nconst s = `', 'a.toFixed(); a.nope')).toEqual(['2339: nope']))
test('assigning a let of another cell is checked', () => expect(errors('let n = 0', "n = 'x'")).toEqual(['2322: n']))
test('a const of another cell cannot be assigned', () => expect(errors('const n = 0', 'n = 1')).toEqual(['2632: n']))
test('a later cell’s name does not exist yet at the top', () => {
  cells('soon', 'const soon = 1')
  expect(service.diagnostics({ cell: '1' })).toMatchObject([{ code: 2304 }])
})
test('a name that no cell declares is none', () => expect(errors('const f = () => nowhere')).toEqual(['2304: nowhere']))
test('a browser’s globals are none', () => expect(errors('document')).toEqual(['2584: document']))
test('a cell sees what another says now', () => {
  expect(errors('const a = 1', 'a.toFixed()')).toEqual([])
  service.update({ order: ['1', '2'], changed: [{ id: '1', text: "const a = 'x'" }] })
  expect(service.diagnostics({ cell: '2' })).toMatchObject([{ code: 2551 }])
  service.update({ order: ['2'], changed: [] })
  expect(service.diagnostics({ cell: '2' })).toMatchObject([{ code: 2304 }])
})
test('a cell that is not there is named', () =>
  expect(() => service.diagnostics({ cell: 'gone' })).toThrow(
    "No cell 'gone': its text must be sent by an update first",
  ))

describe('the notebook’s folder', () => {
  test('gives local files, and what they say now', () => {
    expect(errors("import { x } from './late'\nx.toFixed()")).toEqual(["2307: './late'"])
    write('late.ts', 'export const x = 1')
    expect(errors("import { x } from './late'\nx.toFixed()")).toEqual([])
    write('late.ts', "export const x = 'text'")
    expect(errors("import { x } from './late'\nx.toFixed()")).toEqual(['2551: toFixed'])
  })
  test('gives packages once they are installed', () => {
    expect(errors("import { f } from 'installed'")).toEqual(["2307: 'installed'"])
    write('node_modules/installed/package.json', '{ "name": "installed", "version": "1.0.0", "types": "index.d.ts" }')
    write('node_modules/installed/index.d.ts', 'export declare function f(): string')
    expect(errors("import { f } from 'installed'", 'f().nope')).toEqual(['2339: nope'])
  })
  test('gives a package’s @types', () => {
    write('node_modules/plain/package.json', '{ "name": "plain", "version": "1.0.0", "main": "index.js" }')
    write('node_modules/plain/index.js', '')
    write(
      'node_modules/@types/plain/package.json',
      '{ "name": "@types/plain", "version": "1.0.0", "types": "index.d.ts" }',
    )
    write('node_modules/@types/plain/index.d.ts', 'export const p: 1')
    expect(errors("import { p } from 'plain'", 'p.nope')).toEqual(['2339: nope'])
  })
  test('gives its own @types/node', () => {
    write(
      'own/node_modules/@types/node/package.json',
      '{ "name": "@types/node", "version": "1.0.0", "types": "index.d.ts" }',
    )
    write('own/node_modules/@types/node/index.d.ts', "declare module 'node:os' { export const mine: 1 }")
    const own = createLanguageService({ cwd: join(folder, 'own') })
    own.update({ order: ['1'], changed: [{ id: '1', text: "import { mine, cpus } from 'node:os'" }] })
    expect(own.diagnostics({ cell: '1' })).toMatchObject([{ code: 2305, start: 15, end: 19 }])
  })
  test('gives tsconfig.json', () => {
    expect(errors('function f(x) {}')).toEqual(['7006: x'])
    write(
      'tsconfig.json',
      '{ "compilerOptions": { "strict": false, "noUnusedLocals": true, "lib": ["dom"], "paths": { "~/*": ["./*"] } } }',
    )
    write('aliased.ts', 'export const y = 1')
    expect(errors("import { y } from '~/aliased'\nfunction f(x) { return y }")).toEqual([])
    rmSync(join(folder, 'tsconfig.json'))
    service.refresh()
  })
})

test('the tutorial has no errors, but for the package that its first cell installs', () => {
  const notebook = join(import.meta.dirname, '../../notebooks/01-install-load-generate-grid.sdnb')
  const { cells: all } = JSON.parse(readFileSync(notebook, 'utf8')) as {
    cells: { cell_type: string; source: string[] }[]
  }
  const texts = all.filter(({ cell_type }) => cell_type === 'code').map(({ source }) => source.join(''))
  const changed = texts.map((text, i) => ({ id: String(i), text }))
  service.update({ order: changed.map(({ id }) => id), changed })
  const found = changed.flatMap(({ id }) => service.diagnostics({ cell: id }))
  expect(found.map(({ message }) => message)).toEqual([
    "Cannot find module 'markdown-table' or its corresponding type declarations.",
  ])
})
