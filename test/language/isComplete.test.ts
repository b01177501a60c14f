// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells hold templates
import { expect, test } from 'vitest'
import { isComplete } from '../../src/language/isComplete.js'

test.each([
  '',
  '1',
  'const a = 1',
  'if (a) { b }',
  'a\n  .b()',
  '!ls',
  '!',
  'await x',
  'for await (const a of b) c',
  '// comment',
  'export const a = 1',
  'import a from "b"',
  'function f() {}',
  '`${a}`',
  'type A<T> = T[]',
  '!echo a \\\n  b',
])('complete: %j', text => expect(isComplete(text)).toEqual({ status: 'complete' }))

test.each([
  ['f(', '  '],
  ['const a = {', '  '],
  ['[1,', '  '],
  ['if (a) {', '  '],
  ['if (a) {\n  b(', '    '],
  ['if (a) {\n  b()', '  '],
  ['const a =', '  '],
  ['a +', '  '],
  ['a &&\n  b &&', '    '],
  ['a.', ''],
  ['`text', ''],
  ['`${a', ''],
  ['/* comment', ''],
  ['class A', ''],
  ['if (a)', ''],
  ['x ? y', ''],
  ['!echo a \\', ''],
  ['import { a', ''],
  ['f( // why', ''],
  ['const f = () =>', '  '],
  ['try { a }', ''],
  ['for (const a of', ''],
])('incomplete: %j', (text, indent) => expect(isComplete(text)).toEqual({ status: 'incomplete', indent }))

test.each([')', 'let 1 = 2', 'f(]', '"text', "f('text", 'a b', '/re', 'const a = [1, 2 }', 'if (a {', 'f(1 2'])(
  'invalid: %j',
  text => expect(isComplete(text)).toEqual({ status: 'invalid' }),
)
