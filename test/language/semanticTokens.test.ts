import { expect, test } from 'vitest'
import { cells, service } from './session.js'

/** `name: type modifiers` of each name of the last cell. */
function tokens(...texts: string[]): string[] {
  const { cell } = cells(...texts)
  const text = texts.at(-1)!
  return service
    .semanticTokens({ cell })
    .map(({ start, end, type, modifiers }) => [`${text.slice(start, end)}: ${type}`, ...modifiers].join(' '))
}

test('tell what names stand for', () =>
  expect(tokens('class A<T> { static x = 1; async f(p: T) { return p } }')).toEqual([
    'A: class declaration',
    'T: typeParameter declaration',
    'x: property declaration static',
    'f: method declaration async',
    'p: parameter declaration',
    'T: typeParameter',
    'p: parameter',
  ]))

test.each([
  ['const a = 1', 'a: variable readonly'],
  ['let a = 1', 'a: variable'],
  ['function a() {}', 'a: function'],
  ['async function a() {}', 'a: function async'],
  ['const a = () => 1', 'a: function readonly'],
  ['let a = () => 1', 'a: function'],
  ['class a {}', 'a: class'],
  ['enum a { X }', 'a: enum'],
  ['namespace a { export const x = 1 }', 'a: namespace'],
  ["import { fileURLToPath as a } from 'node:url'", 'a: function'],
  ["import * as a from 'node:url'", 'a: namespace'],
])('of an earlier cell’s %s', (text, token) => expect(tokens(text, '[a]')).toEqual([token]))

test('of a type of an earlier cell', () =>
  expect(tokens('interface A { x: 1 }', 'let b: A')).toEqual(['b: variable declaration', 'A: interface']))

test('of the last declaration before', () => expect(tokens('function a() {}', 'class a {}', 'a')).toEqual(['a: class']))

test('leave `!` lines out', () =>
  expect(tokens('const ls = 1\n!ls\nls')).toEqual(['ls: variable declaration readonly', 'ls: variable readonly']))
