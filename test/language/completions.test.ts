import { describe, expect, test } from 'vitest'
import { accept, cells, complete, service, write } from './session.js'

describe('members', () => {
  test('of another cell’s const', () => expect(complete('const a = 1', 'a.|')).toContain('toFixed'))
  test('of the pipeline', () =>
    expect(
      complete(
        "import { StableDiffusionPipeline } from 'sdnb'",
        "const pipe = await StableDiffusionPipeline.fromPretrained('x')",
        'pipe.sch|',
      ),
    ).toContain('scheduler'))
  test('of a redeclared const, in each cell its own', () => {
    expect(complete('const a = 1', 'a.|', "const a = 'x'")).toContain('toFixed')
    expect(complete('const a = 1', "const a = 'x'", 'a.|')).toContain('toUpperCase')
  })
  test('of a generic class', () =>
    expect(
      complete('class Box<T> { constructor(public value: T) {} }', "const box = new Box('x')", 'box.value.|'),
    ).toContain('trim'))
  test('of an enum', () =>
    expect(complete('enum Color { Red, Green }', 'Color.|')).toEqual(expect.arrayContaining(['Red', 'Green'])))
  test('of an interface', () =>
    expect(complete('interface Point { x: number }', 'const p: Point = { | }')).toContain('x'))
  test('of a namespace', () => expect(complete('namespace N { export const inner = 1 }', 'N.|')).toContain('inner'))
  test('of an import in another cell', () =>
    expect(complete("import * as os from 'node:os'", 'os.|')).toContain('cpus'))
  test('of what destructuring declares', () =>
    expect(complete('const { a: [first], ...rest } = { a: ["x"], b: 1 }', 'rest.|')).toContain('b'))
  test('in half-typed text', () =>
    expect(complete('const a = 1', 'if (true) { console.log(`${a.|')).toContain('toFixed'))
})

describe('names', () => {
  test('of all cells before, with their kinds', () => {
    const at = cells(
      'const a = 1; let b = 2',
      'function f() {} class C {} enum E {} interface I {}',
      '|',
      'const later = 1',
    )
    const kinds = new Map(service.completions(at).items.map(({ name, kind }) => [name, kind]))
    expect(['a', 'b', 'f', 'C', 'E'].map(name => kinds.get(name))).toEqual([
      'constant',
      'variable',
      'function',
      'class',
      'enum',
    ])
    expect(kinds.has('later')).toBe(false)
  })
  test('of the cell’s globals', () =>
    expect(complete('|')).toEqual(expect.arrayContaining(['prompt', 'confirm', 'require', 'process', 'fetch'])))
  test('but not of a browser', () => expect(complete('|')).not.toContain('document'))
  test('replace what is typed', () =>
    expect(service.completions(cells('console.lo|g(1)')).range).toEqual({ start: 8, end: 11 }))
  test('none in a ! line', () => expect(complete('!npm in|')).toEqual([]))
})

describe('imports', () => {
  test('half-typed, complete names and files', () => {
    expect(complete("import { | } from 'sdnb'")).toContain('StableDiffusionPipeline')
    write('beside.ts', 'export {}')
    expect(complete("import './|'")).toContain('beside')
    expect(complete("import 'sd|'")).toContain('sdnb')
  })
  test('are offered and written before the first statement', () =>
    expect(accept('StableDiffusionPipeline', 'const a = 1', 'const b = a\nStableDiff|')).toBe(
      "import { StableDiffusionPipeline } from 'sdnb'\nconst b = a\nStableDiffusionPipeline",
    ))
  test('come below the ! lines at the top', () =>
    expect(accept('gridImage', '!npm install x\n\ngridIm|')).toBe(
      "!npm install x\nimport { gridImage } from 'sdnb'\n\ngridImage",
    ))
  test('join an import of the same module', () =>
    expect(accept('gridImage', "import { Image } from 'sdnb'\ngridIm|")).toBe(
      "import { gridImage, Image } from 'sdnb'\ngridImage",
    ))
  test('keep the semicolons of the cell', () =>
    expect(accept('readFileSync', 'const a = 1;\nreadFileSy|')).toBe(
      "import { readFileSync } from 'node:fs';\nconst a = 1;\nreadFileSync",
    ))
  test('of a file beside the notebook', () => {
    write('helper.ts', 'export const helpful = 1')
    expect(accept('helpful', 'helpf|')).toBe("import { helpful } from './helper'\nhelpful")
  })
  test('of a package that package.json names', () => {
    write('package.json', '{ "dependencies": { "pkg": "1" } }')
    write('node_modules/pkg/package.json', '{ "name": "pkg", "version": "1.0.0", "types": "index.d.ts" }')
    write('node_modules/pkg/index.d.ts', 'export declare function fromPackage(): void')
    expect(accept('fromPackage', 'fromPack|')).toBe("import { fromPackage } from 'pkg'\nfromPackage")
  })
  test('none of another cell, and none of the package’s inner modules', () => {
    expect(
      service
        .completions(cells('const hidden = 1', 'const hidden = 2', 'hidd|'))
        .items.filter(({ name }) => name === 'hidden').length,
    ).toBe(1)
    expect(complete('loadStableDiff|')).not.toContain('loadStableDiffusion')
  })
})

test('details are a signature and documentation', () => {
  const at = cells('/** Doubles. */\nfunction twice(x: number) { return 2 * x }', 'twi|')
  expect(service.completionDetails({ ...at, completion: { name: 'twice' } })).toEqual({
    signature: 'function twice(x: number): number',
    documentation: 'Doubles.',
    edits: [],
  })
})
