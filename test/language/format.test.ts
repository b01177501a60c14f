import { describe, expect, test } from 'vitest'
import type { FormatOptions, Range } from '../../src/language/serverProtocol.js'
import { cells, edited, service } from './session.js'

const two: FormatOptions = { tabSize: 2, insertSpaces: true }

function format(text: string, options = two, range?: Range): string {
  const { cell } = cells('const n = 0', text)
  return edited(text, service.format({ cell, options, range }))
}

describe('format', () => {
  test('puts spaces and indents', () => expect(format('if(n>1){\nf( 1,2 )\n}')).toBe('if (n > 1) {\n  f(1, 2)\n}'))
  test.each<[FormatOptions, string]>([
    [{ tabSize: 4, insertSpaces: true }, '    1'],
    [{ tabSize: 4, insertSpaces: false }, '\t1'],
  ])('indents by %o', (options, line) => expect(format('{\n1\n}', options)).toBe(`{\n${line}\n}`))
  test('of a range changes its lines alone', () =>
    expect(format('a=1\nb=2\nc=3', two, { start: 4, end: 7 })).toBe('a=1\nb = 2\nc=3'))
  test.each([
    ['a trailing expression', 'const a = 1\n\na'],
    ['top-level await', 'const a = await f()\nfor await (const x of a) x\nawait (async () => 1)()\nawait [a]'],
    ['a name of another cell, declared again', "const n = 'again'\nn"],
    ['a style without semicolons', 'const a = 1\nconst b = 2\n'],
    ['a style with them', 'const a = 1;\nconst b = 2;\n'],
    ['lines inside a template', 'const a = `\n   x  =  1\n! x`'],
    ['an empty text', ''],
  ])('leaves %s', (_, text) => expect(format(text)).toBe(text))
  test.each([
    '!npm  install   x',
    '  \n!ls  -l   |  wc ;  echo "it\'s"',
    '!ls \\\n   -l   \\\n -a',
    '!a',
    '!',
    '!ls\n\n!pwd',
    'f()\n!ls   */  /*   x',
  ])('leaves %j', text => expect(format(text).trimStart()).toBe(text.trimStart()))
  test('of what stands around a `!` line', () =>
    expect(format('a=1   \n!ls  -l  \nif(a){\nb=2\n}\n!pwd')).toBe('a = 1\n!ls  -l  \nif (a) {\n  b = 2\n}\n!pwd'))
  test('of half-typed text harms nothing', () => {
    for (const text of ['const a = {', 'f(1,', '`${', 'if (a) {\n  b.\n}', '}'])
      expect(format(text).replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
  })
})
