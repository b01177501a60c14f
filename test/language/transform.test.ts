// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells hold templates
import { expect, test } from 'vitest'
import { transform } from '../../src/language/transform.js'

test.each([
  ['a + b.c', ['a', 'b']],
  ['const f = () => a; let { x = b } = {}', ['a', 'b']],
  ['const a = 1; a', []],
  ['a = 1', []],
  ['a += 1; b++; (c)--', ['a', 'b', 'c']],
  ['[a, ...b] = [c]', ['c']],
  ['({ a, b: c, ...d } = e)', ['e']],
  ['({ a, b: c })', ['a', 'c']],
  ['for (a of b); for ([a] of b); for ({ a } of b);', ['b']],
  ['typeof a; f`${b}`; new C()', ['a', 'f', 'b', 'C']],
  ['type T = A; (x: B) => x as C', []],
  ['Math.max(1); JSON', []],
])('%s reads %j', (code, reads) => expect(transform(code).reads).toEqual(reads))

test.each([
  ['const a = 1, { b, c: [d] } = e; function f() {} class G {} enum H {}', ['a', 'b', 'd', 'f', 'G', 'H']],
  ['import i, { j as k } from "x"; for (var l of []);', ['i', 'k', 'l']],
  ['a = 1; b++; --c; d ||= 2; const f = () => { e = 1 }', ['f', 'a', 'b', 'c', 'd', 'e']],
  ['[a, { b: c = 1 }, ...d] = []; ({ e, ...f } = {}); for (g of []); for (h in {});', [...'acdefgh']],
  ['a.b = 1; a[c] = 2; delete a.d', []],
  ['((a) => { a = 1 })(2)', []],
])('%s writes %j', (code, writes) => expect(transform(code).writes).toEqual(writes))
