import { expect, test } from 'vitest'
import { cellsAsModule } from '../../src/language/cellsAsModule.js'

const cells = (...sources: string[]) => cellsAsModule(sources).cells

test('cells that share no name stay as they are; an export makes a module of what has neither import nor export', () => {
  expect(cells("import { a } from 'm'\nconst b = a", 'b')).toEqual(["import { a } from 'm'\nconst b = a", 'b'])
  expect(cells('await 1', '2')).toEqual(['await 1', '2\nexport {}'])
})

test('shell lines become comments, what a backslash continues too', () => {
  expect(cells('!ls \\\n  -l\nimport "m"')).toEqual(['// !ls \\\n//   -l\nimport "m"'])
  expect(cells('import "m"\n`\n!no\n`')).toEqual(['import "m"\n`\n!no\n`'])
})

test('an import made before is left out', () => {
  expect(cells("import { a, b } from 'm'", "import { b, c } from 'm'\nb + c", "import { a } from 'm'\na")).toEqual([
    "import { a, b } from 'm'",
    "import { c } from 'm'\nb + c",
    'a',
  ])
  expect(cells("import type { T } from 'm'", "import { T, type U } from 'm'")).toEqual([
    '',
    "import { T, type U } from 'm'",
  ])
})

test('a cell that declares names again for itself becomes a block, its imports before it', () => {
  expect(cells('const x = 1\nx', "import { y } from 'm'\nexport const x = 'a'\nconsole.log(`p\nq`, x)", 'y')).toEqual([
    'const x = 1\nx',
    "import { y } from 'm'\n{\n  const x = 'a'\n  console.log(`p\nq`, x)\n}",
    'y',
  ])
  expect(cells('class A {}\ntype T = 1', 'export {}\ntype T = 2', 'class A {}\nnew A()').at(-1)).toBe(
    '{\n  class A {}\n  new A()\n}',
  )
})

test('when only the later value is used, the earlier cell is the block', () => {
  expect(cells('const x = 1\nx', 'const x = 2\nexport {}', 'x')).toEqual([
    '{\n  const x = 1\n  x\n}',
    'const x = 2\nexport {}',
    'x',
  ])
})

test('when several values are used, the first declaration is a let and the later ones assign', () => {
  expect(cells('const steps: number = 50, seed = 1\nexport {}', 'const steps: number = 3', 'steps + seed')).toEqual([
    'let steps: number = 50, seed = 1\nexport {}',
    'steps = 3',
    'steps + seed',
  ])
  expect(
    cells(
      'export const { images } = f()',
      'images',
      'const { images, seeds: [first] } = f(), n = 1',
      'images; first; n',
    ),
  ).toEqual([
    'export let { images } = f()',
    'images',
    'let first\n;({ images, seeds: [first] } = f())\nconst n = 1',
    'images; first; n',
  ])
})

test('a function of an earlier cell sees the new value, as in the kernel', () => {
  const [first, second] = cells('export let n = 0\nconst inc = () => ++n', 'let n = 10', 'inc()')
  expect([first, second]).toEqual(['export let n = 0\nconst inc = () => ++n', 'n = 10'])
})

test('a parameter or property of the same name is no use of it', () => {
  expect(cells('const x = 1', 'const x = 2\nx', '[].map(x => x); ({ x: 1 }).x\nexport {}').slice(0, 2)).toEqual([
    'const x = 1',
    '{\n  const x = 2\n  x\n}',
  ])
})

test('what is neither is left, and told by name and cells', () => {
  const sources = ['function f() {}', 'f()', 'function f() { return 1 }', 'f()\nexport {}']
  expect(cellsAsModule(sources)).toEqual({ cells: sources, clashes: [{ name: 'f', cells: [0, 2] }], unparsed: [] })
})

test('a module has one default', () => {
  const sources = ['export default function f() {}', 'export default 1']
  expect(cellsAsModule(sources)).toMatchObject({ cells: sources, clashes: [{ name: 'default', cells: [0, 1] }] })
})

test('var may be declared again', () => {
  const sources = ['for (var i = 0; i < 2; i++) {}', 'for (var i = 0; i < 3; i++) {}\nexport {}']
  expect(cellsAsModule(sources)).toMatchObject({ cells: sources, clashes: [] })
})

test('a cell that does not parse stands as a comment', () => {
  const { cells, unparsed } = cellsAsModule(['1', 'let a = (\n\nb', 'export {}'])
  expect(cells).toEqual(['1', '// let a = (\n//\n// b', 'export {}'])
  expect(unparsed).toMatchObject([{ cell: 1, error: { line: 3 } }])
})

test('no cell goes on with the last one’s expression', () => {
  expect(cells('const a = {}', '// x\n[1].length', '(2)', '+1;', '-2', '++a.b\nexport {}')).toEqual([
    'const a = {}',
    '// x\n;[1].length',
    ';(2)',
    ';+1;',
    '-2',
    '++a.b\nexport {}',
  ])
})
