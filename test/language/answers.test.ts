// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells hold templates
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cells, definition, folder, hover, rename, service, write } from './session.js'

describe('hover', () => {
  test('is Markdown: signature, text, tags', () =>
    expect(
      hover(
        '/**\n * Doubles a {@link Number number}.\n * @param x what is doubled\n * @returns twice as much\n * @example\n * twice(2)\n */\nfunction twice(x: number) { return 2 * x }',
        'twi|ce(1)',
      ),
    ).toBe(
      [
        '```typescript\nfunction twice(x: number): number\n```',
        'Doubles a number.',
        '*@param* `x` what is doubled',
        '*@returns* twice as much',
        '*@example*\n\n```typescript\ntwice(2)\n```',
      ].join('\n\n'),
    ))
  test('shows a const of another cell as a const', () =>
    expect(hover('const a = 1', '|a')).toBe('```typescript\nconst a: 1\n```'))
  test('shows a let of another cell with its documentation', () =>
    expect(hover('/** how many */\nlet n = 0', '|n')).toBe('```typescript\nlet n: number\n```\n\nhow many'))
  test('never names a cell’s module', () =>
    expect(hover('class P {}', 'const p = new P()', 'class P {}', 'const both = [p, new P()]', '|both')).not.toContain(
      '__cell',
    ))
  test('of the pipeline has its documentation', () =>
    expect(hover("import { gridImage } from 'sdnb'", 'grid|Image')).toMatch(
      /^```typescript\nfunction gridImage\([\s\S]*```\n\n\w/,
    ))
  test('none between names', () => expect(hover('const a = 1 |')).toBeUndefined())
})

test('signature help marks the parameter', () => {
  const at = cells('/** Adds. */\nfunction add(a: number, b: string) {}', 'add(1, |)')
  const { signatures, activeParameter } = service.signatureHelp(at)!
  const [{ label, documentation, parameters }] = signatures
  expect([label, documentation, activeParameter]).toEqual(['add(a: number, b: string): void', 'Adds.', 1])
  expect(parameters.map(({ range }) => label.slice(range.start, range.end))).toEqual(['a: number', 'b: string'])
})

describe('definition', () => {
  test.each([
    ['a const', 'const a = 1', 'a = 1'],
    ['a let', 'let a = 1', 'a = 1'],
    ['a function', 'function a() {}', 'a() {}'],
    ['a class', 'class a {}', 'a {}'],
    ['an enum', 'enum a { X }', 'a { X }'],
    ['destructuring', 'const { x: [a] } = { x: [1] }', 'a] } = { x: [1] }'],
  ])('of %s in another cell', (_, text, found) => expect(definition(text, '0', '|a')).toEqual([`1: ${found}`]))
  test('is the last one before', () =>
    expect(definition('const a = 1', "const a = 'x'", '|a', 'const a = 3')).toEqual(["2: a = 'x'"]))
  test('of a type', () => expect(definition('interface A { x: 1 }', 'let a: |A')).toEqual(['1: A { x: 1 }']))
  test('in a local file', () => {
    write('local.ts', 'export const local = 1')
    expect(definition("import { local } from './local'", 'loc|al')).toEqual([join(folder, 'local.ts')])
  })
  test('of a package’s name is in its types', () =>
    expect(definition("import { gridImage } from 'sdnb'", 'grid|Image')[0]).toMatch(/image\/grid\.d\.ts$/))
})

describe('rename', () => {
  test.each([
    ['const', 'const a = 1', 'const b = 1'],
    ['let', 'let a = 1; a++', 'let b = 1; b++'],
    ['var', 'for (var a = 1; a < 2; a++);', 'for (var b = 1; b < 2; b++);'],
    ['function', 'function a() { return a }', 'function b() { return b }'],
    ['class', 'class a { a = 1 }', 'class b { a = 1 }'],
  ])('changes a %s in every cell, from its use and from its declaration', (_, text, after) => {
    expect(rename('b', text, '`${a}`', '[|a, { a }]')).toEqual([after, '`${b}`', '[b, { a: b }]'])
    expect(rename('b', text.replace(' a', ' |a'), 'a')).toEqual([after, 'b'])
  })
  test('leaves another declaration of the same name alone', () =>
    expect(rename('b', 'const a = 1', '|a', 'const a = 2', 'a')).toEqual(['const b = 1', 'b', 'const a = 2', 'a']))
  test('keeps the properties that a name was taken from or gives its name to', () =>
    expect(rename('b', 'const { a } = { a: 1 }', '({ |a }).a')).toEqual(['const { a: b } = { a: 1 }', '({ a: b }).a']))
  test('of what a package exports is the import’s alone', () =>
    expect(rename('read', "import { readFileSync } from 'node:fs'", 'read|FileSync')).toEqual([
      "import { readFileSync as read } from 'node:fs'",
      'read',
    ]))
  test('of what a cell exports', () =>
    expect(rename('b', 'export const a = 1\na', 'export { |a }')).toEqual(['export const b = 1\nb', 'export { b }']))
  test('changes local files', () => {
    write('renamed.ts', 'export const before = 1')
    const result = service.rename({ ...cells("import { before } from './renamed'", 'bef|ore'), newName: 'after' })
    if ('refused' in result) throw new Error(result.refused)
    expect(result.edits.map(edit => ('cell' in edit ? edit.cell : edit.file)).sort()).toEqual(
      ['1', '2', join(folder, 'renamed.ts')].sort(),
    )
    expect(readFileSync(join(folder, 'renamed.ts'), 'utf8')).toContain('before') // the editor writes
  })
  test.each([
    ['what a package exports', 'x', ["import * as os from 'node:os'", 'os.cp|us()'], /node_modules/],
    ['a command', 'x', ['!npm |install'], /no names/],
    ['to what is no name', '1a', ['const |a = 1'], "'1a' is not a name: expected letters, digits, _ and $."],
    ['to a reserved word', 'class', ['const |a = 1'], /^'class' is not a name/],
    ['to a name of another cell', 'b', ['const |a = 1', 'const b = 2'], /^A cell declares 'b' already/],
  ])('is refused: %s', (_, newName, texts, reason) =>
    expect(rename(newName, ...texts)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason)),
  )
  test('to another cell’s name is fine inside a function', () =>
    expect(rename('b', 'const f = (|a: 1) => a', 'const b = 2')).toEqual(['const f = (b: 1) => b', 'const b = 2']))
})
