// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells hold templates
import { expect, test } from 'vitest'
import { blankShellLines, replaceShellLines } from '../../src/language/shellLines.js'

const commands = (text: string) =>
  [...replaceShellLines(text).matchAll(/__run\.shell\("(.*?)"\)/g)].map(([, command]) => command)

test('a line that begins with ! is a command', () =>
  expect(commands('!ls -l\nconst a = 1\n! npm i')).toEqual(['ls -l', 'npm i']))
test('lines keep their numbers', () => expect(replaceShellLines('!a \\\n  b\nc').split('\n').length).toBe(3))
test('a backslash continues the command', () => expect(commands('!echo a \\\n  b')).toEqual(['echo a   b']))
test('Windows line ends belong to no command', () => expect(commands('!ls\r\nconst a = 1\r\n')).toEqual(['ls']))
test('blanked, it is an empty statement of the same length', () =>
  expect(blankShellLines('!ls \\\r\n -l\r\na\n!')).toBe(';    \r\n   \r\na\n;'))
test('quotes, templates and regular expressions end where they end', () =>
  expect(
    commands(
      "const a = '`'\n!one\nconst b = /[`/]`/g\n!two\nconst c = `${`${1}`}`\n!three\nconst d = 1 / 2 / 3\n!four",
    ),
  ).toEqual(['one', 'two', 'three', 'four']))
test.each([
  ['a template', '`\n!no\n`'],
  ['an expression in a template', '`${\n!no\n}`'],
  ['a comment', '/*\n!no\n*/'],
  ['brackets', 'f(\n!no\n)'],
  ['a block', 'if (a) {\n!no\n}'],
  ['an unfinished expression', 'const a = b &&\n!no'],
  ['an indented line', '  !no'],
])('inside %s it is TypeScript', (_, text) => expect(replaceShellLines(text)).toBe(text))
