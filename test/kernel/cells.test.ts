import { describe, test } from 'vitest'
import { ran } from './ran.js'

describe('names live on', () => {
  test('a later cell reads a const', () => ran`const a = 1 | a`.gives(1))
  test('a later cell sees a redeclared const', () => ran`const a = 1 | const a = 2 | a`.gives(2))
  test('let, var, function, class and enum may each become the other', () =>
    ran`let a = 1 | function a() { return 2 } | class a {} | enum a { B = 3 } | var a = 4 | const a = 5 | a`.gives(5))
  test('an import may be declared again, and a name may become an import', () =>
    ran`import { sep } from 'node:path' | const sep = 1 | import { EOL as sep } from 'node:os' | sep`.gives('\n'))
  test('destructuring of every form', () =>
    ran`const { a, b: [c = 7, , ...d], ['e' + 1]: e, ...f } = { a: 1, b: [undefined, 0, 3], e1: 5, x: 6 }, [g] = new Set([8]) | [a, c, d, e, f, g]`.gives(
      [1, 7, [3], 5, { x: 6 }, 8],
    ))
  test('several declarators, each sees those before it', () =>
    ran`let a = 1, b = a + 1, c | [a, b, c]`.gives([1, 2, undefined]))
  test('var inside blocks and loops is the cell’s', () =>
    ran`for (var i = 0; i < 3; i++) { var last = i } for (var k in { x: 1 }); if (true) var y = 9 | [i, last, k, y]`.gives(
      [3, 2, 'x', 9],
    ))
  test('let inside a block is the block’s', () => ran`{ let hidden = 1 } | typeof hidden`.gives('undefined'))
  test('a var without a value keeps what it was', () => ran`var a = 1 | var a; a`.gives(1))
  test('a let without a value starts anew', () => ran`let a = 1 | let a; a`.gives(undefined))
  test('a namespace and an enum start anew', () =>
    ran`enum A { X } namespace N { export const x = 1 } | enum A { Y } namespace N { export const y = 2 } | [A, N]`.gives(
      [{ 0: 'Y', Y: 0 }, { y: 2 }],
    ))
  test('names of the language and of Node may be declared, and are only the cells’', () =>
    ran`const Map = 1, process = 2, fetch = 3, console = 4, Promise = 5 | [Map, process, fetch, console, Promise, typeof globalThis.process]`.gives(
      [1, 2, 3, 4, 5, 'object'],
    ))
  test('a name that only a global has is the global', () =>
    ran`globalThis.made = 1 | made = 2 | globalThis.made`.gives(2))
  test('require loads from the notebook’s folder', () => ran`require('node:path').sep`.gives('/'))
  test('const enums live on, and namespaces merge, nest and have aliases', () =>
    ran`const enum A { X = 7 } namespace N { export const x = 1; export namespace M { export const f = () => x } } namespace N { export const y = x + 1 } import G = N.M | [A.X, G.f(), N.y]`.gives(
      [7, 1, 2],
    ))
  test('a function and a class merge with a namespace', () =>
    ran`function f() { return f.k } namespace f { export const k = 4 } class C { static a = 1 } namespace C { export const b = 2 } | [f(), C.a, C.b]`.gives(
      [4, 1, 2],
    ))
  test('names that objects have of their own are names as others', () =>
    ran`const __proto__ = () => 5, constructor = 6, hasOwnProperty = 7; function toString() { return 8 } | [__proto__.name, Object.keys({ __proto__ }), constructor, hasOwnProperty, toString()]`.gives(
      ['__proto__', ['__proto__'], 6, 7, 8],
    ))
  test('and so are words that only sometimes mean something', () =>
    ran`const async = 1, of = 2, get = 3, type = 4, from = 5, as = 6, using = 7, accessor = 8 | async + of + get + type + from + as + using + accessor`.gives(
      36,
    ))
  test('what TypeScript adds for itself is no name of the session', () =>
    ran`const _a = 1, env_1 = 2 | using x = null; class A { static accessor [String('k')] = 3; @((v: any, c: any) => v) m() {} } | [_a, env_1, typeof __esDecorate, (A as any).k]`.gives(
      [1, 2, 'undefined', 3],
    ))
})

describe('closures see live values', () => {
  test('a function sees what a later cell assigns', () => ran`let n = 1; const get = () => n | n = 2 | get()`.gives(2))
  test('a function sees a later redeclaration', () =>
    ran`const n = 1; function get() { return n } | const n = 2 | get()`.gives(2))
  test('a later cell sees what a function assigns', () =>
    ran`let n = 1; const inc = () => n++ | inc(); inc() | n`.gives(3))
  test('a function may use a name that a later cell declares', () =>
    ran`function f() { return soon } | const soon = 1 | f()`.gives(1))
  test('a function calls the newest helper', () =>
    ran`function helper() { return 'old' } function main() { return helper() } | function helper() { return 'new' } | main()`.gives(
      'new',
    ))
  test('a function sees a global that a later cell shadows', () =>
    ran`const f = () => fetch | const fetch = 1 | f()`.gives(1))
  test('a parameter, a local and a catch variable shadow', () =>
    ran`const a = 1, b = 2, e = 3 | ((a, { b } = { b: 5 }) => { try { throw 6 } catch (e) { return [a, b, e] } })(4)`.gives(
      [4, 5, 6],
    ))
  test('an import is live in a closure', () =>
    ran`import { sep } from 'node:path'; const f = () => sep | f()`.gives('/'))
})

describe('as the language has it', () => {
  test('functions are hoisted over the whole cell', () => ran`const a = f(); function f() { return 1 } | a`.gives(1))
  test('imports too', () => ran`const a = sep; import { sep } from 'node:path' | a`.gives('/'))
  test('a name is not there before its declaration', () =>
    ran`a; let a = 1`.fails("ReferenceError: Cannot access 'a' before initialization"))
  test('nor in it, and cannot be assigned', () =>
    ran`let a = a + 1 | a = 1; let a`.fails("ReferenceError: Cannot access 'a' before initialization"))
  test('until it is declared again a name is what it was', () => ran`const a = 1 | const a = a + 1 | a`.gives(2))
  test('a cell that fails before its declaration leaves the name as it was', () =>
    ran`const a = 1 | throw 0; const a = 2 | a`.gives(1))
  test('or leaves none', () => ran`throw 0; const a = 2 | a`.fails('ReferenceError: a is not defined'))
  test('a const cannot be assigned, in its cell or later', () =>
    ran`const a = 1 | a = 2`.fails('TypeError: Assignment to constant variable.'))
  test('an assignment needs a declaration', () => ran`nowhere = 1`.fails('ReferenceError: nowhere is not defined'))
  test('one cell cannot declare a name twice', () =>
    ran`let a = 1\nlet a = 2`.fails("SyntaxError: Identifier 'a' has already been declared (line 2, column 5)"))
  test('this is undefined, in a function too', () =>
    ran`function f() { return this } | [this, f(), (f)()]`.gives([undefined, undefined, undefined]))
  test('functions and classes get their names', () =>
    ran`const f = () => {}, g = function () {}, H = class {}; let k; k ??= () => {}; const { m = () => {} } = {}; class N {} | [f, g, H, k, m, N].map(x => x.name)`.gives(
      ['f', 'g', 'H', 'k', 'm', 'N'],
    ))
  test('shorthand properties and assignment patterns', () =>
    ran`let a = 1, b = 2 | ({ a, b = 5 } = { a: 3 }); [a, b] = [b, a]; ({ a, b })`.gives({ a: 5, b: 3 }))
  test('labels, property names and members are no variables', () =>
    ran`const x = 1, y = 2 | x: for (;;) { break x } const o = { x: 3, y() { return 4 }, get z() { return y } } | [o.x, o.y(), o.z, o?.x]`.gives(
      [3, 4, 2, 3],
    ))
  test('operators that assign', () => ran`let a = 1 | a++; a += 2; a **= 2; --a; a ||= 0; a`.gives(15))
  test('a tagged template and typeof of what is not there', () =>
    ran`const tag = (s, v) => s.raw.join(v) | [tag\`a\${1}b\`, typeof nowhere, typeof tag]`.gives([
      'a1b',
      'undefined',
      'function',
    ]))
  test('inside its body a class keeps its own name', () =>
    ran`class A { static me() { return A } } | const B = A | class A {} | B.me() === B`.gives(true))
  test('private names, static blocks, accessors, parameter properties', () =>
    ran`class A { #p = 1; static n: number; static { A.n = 2 } constructor(public q = 3) {} has() { return #p in this } } | [new A().has(), A.n, new A().q]`.gives(
      [true, 2, 3],
    ))
  test('decorators', () =>
    ran`const twice = (f: any) => (x: number) => f(f(x)) | class A { @twice add(x: number) { return x + 1 } } | new A().add(1)`.gives(
      3,
    ))
  test('accessor fields, generics, overloads, abstract classes, assertions', () =>
    ran`abstract class A<T> { accessor x = 1; abstract f(): T } class B extends A<number> { f(): number; f() { return <number>this.x! } } | (new B() as A<number>).f() satisfies number`.gives(
      1,
    ))
  test('arguments, new.target, super and this are a function’s', async () => {
    await ran`class A { a() { return 1 } } class B extends A { a() { return super.a() + 1 } } function F(this: any) { return [arguments.length, new.target === F, new B().a()] } | (F as any)(0, 0)`.gives(
      [2, false, 2],
    )
    await ran`(() => arguments)()`.fails('ReferenceError: arguments is not defined')
    await ran`new.target`.fails('SyntaxError: new.target expression is not allowed here (line 1, column 1)')
  })
  test('what strict mode forbids', async () => {
    await ran`let a = 1; delete a`.fails(
      'SyntaxError: Delete of an unqualified identifier in strict mode. (line 1, column 19)',
    )
    await ran`let yield = 1`.fails('SyntaxError: Unexpected strict mode reserved word (line 1, column 5)')
    await ran`const { interface } = {}`.fails('SyntaxError: Unexpected strict mode reserved word (line 1, column 9)')
    await ran`var eval`.fails('SyntaxError: Unexpected eval or arguments in strict mode (line 1, column 5)')
  })
  test('a var cannot leave a block that has a let of its name', () =>
    ran`switch (1) { case 1: let a; case 2: var a = 1 }`.fails(
      "SyntaxError: Identifier 'a' has already been declared (line 1, column 41)",
    ))
  test('except a catch, whose variable it sets', () =>
    ran`try { throw 1 } catch (a) { var a = 2, b = a } | [a, b]`.gives([undefined, 2]))
  test('lines end without semicolons as they do elsewhere', () =>
    ran`let a = 1, f = (x: any) => x\nlet b = a\n++a\nvar c = [a]\n;[0].map(f)\nclass A { x = 1\n['y'] = 2 }\nif (a) f(1)\nelse f(2)\ndo a++\nwhile (a < 5)\nf\n\`\${a} \${b}\`[0]`.gives(
      '',
    ))
  test('a first line for the shell, a byte order mark, Windows line ends', () =>
    ran`\ufeff#!/usr/bin/env node\r\nconst a = 1\r\na // one`.gives(1))
  test('names written with escapes', () => ran`const \u0061b = 1 | [ab, { \u0061b }.ab]`.gives([1, 1]))
  test('also in a cell that the compiler has to emit', () =>
    ran`enum A { B }; const a = [1]; [await [...a, 2]] | A`.gives({ 0: 'B', B: 0 }))
  test('await before brackets of every kind', () =>
    ran`const a = [1] | [await [...a, 2], await { a }, await (a), typeof await a, (await 3) ** 2]`.gives([
      [1, 2],
      { a: [1] },
      [1],
      'object',
      9,
    ]))
  test('using disposes when the cell ends', () =>
    ran`const log: string[] = [] | await using a = { async [Symbol.asyncDispose]() { log.push('gone') } }; log.push('here') | log`.gives(
      ['here', 'gone'],
    ))
})

describe('await and import', () => {
  test('top-level await', () => ran`const a = await Promise.resolve(1) | a`.gives(1))
  test('await before brackets is no call', () => ran`let a = 1 | await (a as number)`.gives(1))
  test('for await', () => ran`let sum = 0; for await (const n of [1, Promise.resolve(2)]) sum += n | sum`.gives(3))
  test('import() stays an import', () => ran`const { join } = await import('node:path'); join('a', 'b')`.gives('a/b'))
  test('default, named, namespace and renamed imports', () =>
    ran`import path, { sep as s } from 'node:path'; import * as all from 'node:path' | [path === all.default, s]`.gives(
      [true, '/'],
    ))
  test('types are erased: interfaces, type imports, annotations, satisfies, generics, overloads, declare', () =>
    ran`import type { A } from './nowhere'; import { type B, sep } from 'node:path'; interface I { a: number } declare const d: I; function f(x: string): void; function f<T>(x: T) { return x as unknown } | f<number>(1) satisfies unknown`.gives(
      1,
    ))
  test('a name that a module lacks is an error where it is used as a value', () =>
    ran`import { notThere } from 'node:path' | notThere`.fails(
      "SyntaxError: The requested module 'node:path' does not provide an export named 'notThere'",
    ))
})

describe('the value of a cell', () => {
  test('its last expression', () => ran`1; 2 + 3`.gives(5))
  test('with a semicolon and a comment behind it', () => ran`5; // five`.gives(5))
  test('a promise is awaited', () => ran`new Promise(resolve => setTimeout(resolve, 1, 'late'))`.gives('late'))
  test('a declaration has none', () => ran`const a = 1`.gives(undefined))
  test('an object in brackets', () => ran`({ a: 1 })`.gives({ a: 1 }))
  test('a class or a function that is exported by default', () =>
    ran`export const a = 1; export default a + 1`.gives(2))
  test('the same of a cell with using', () =>
    ran`using a = { [Symbol.dispose]() {}, v: 7 }; const b = 1; Promise.resolve(a.v)`.gives(7))
  test('a value, a class and a function by default, nameless too', async () => {
    await ran`export = 5`.gives(5)
    await ran`(await 0, 1); export default function () {} | 1`.gives(1)
    await ran`export default class A {} | A.name`.gives('A')
  })
  test('every export is as if it were not there', () =>
    ran`export * from 'node:path'; export * as p from 'node:path'; export { sep as s } from 'node:path'; export type { X } from './nowhere'; export declare const d: 1; export async function f() {} export enum E { A } const z = 1; export { z, z as default }; export interface I {} | [z, E.A, typeof f]`.gives(
      [1, 0, 'function'],
    ))
  test('what import = require gives', () => ran`import path = require('node:path') | path.sep`.gives('/'))
  test('no text, no value', () => ran`// nothing`.gives(undefined))
})

describe('errors', () => {
  test('a syntax error names line and column of the cell’s text', () =>
    ran`const a = 1\nconst b = ;`.fails('SyntaxError: Expression expected. (line 2, column 11)'))
  test('also one that only V8 finds, after types', () =>
    ran`type X = { a: 1,\n b: 2 }\nfunction f(): void { await 1 }`.fails(
      'SyntaxError: await is only valid in async functions and the top level bodies of modules (line 3, column 22)',
    ))
  test('a const and a pattern need a value', async () => {
    await ran`const a: number`.fails('SyntaxError: Missing initializer in const declaration (line 1, column 7)')
    await ran`let { a }`.fails('SyntaxError: Missing initializer in destructuring declaration (line 1, column 5)')
  })
  test('also behind ! lines, Windows line ends, decorators and enums', async () => {
    await ran`!echo\\\n x\r\nconst a = 1\r\n  let a`.fails(
      "SyntaxError: Identifier 'a' has already been declared (line 4, column 7)",
    )
    await ran`enum A { B = 1 }\nclass C { @((v: any, c: any) => v) m(): void {\n  break x\n} }`.fails(
      "SyntaxError: Undefined label 'x' (line 3, column 9)",
    )
    await ran`using a = null\nconst f = (b: any, b: any) => 1`.fails(
      'SyntaxError: Duplicate parameter name not allowed in this context (line 2, column 20)',
    )
  })
  test('brackets too many and too few', async () => {
    await ran`const a = 1\n}\nconst b = 2`.fails('SyntaxError: Declaration or statement expected. (line 2, column 1)')
    await ran`/*\na`.fails("SyntaxError: '*/' expected. (line 2, column 2)")
    await ran`if (1) {`.fails("SyntaxError: '}' expected. (line 1, column 9)")
  })
  test('return outside a function', () =>
    ran`return 1`.fails(
      "SyntaxError: A 'return' statement can only be used within a function body. (line 1, column 1)",
    ))
  test('V8’s messages name what the cell names', () =>
    ran`let notFunction = 1 | notFunction()`.fails('TypeError: notFunction is not a function'))
  test('also where the cell catches them', () =>
    ran`let a: any = 1 | let text; try { a() } catch (error) { text = error.message } text`.gives(
      'a is not a function',
    ))
  test('and takes them apart', () =>
    ran`let a: any = 1 | let text; try { a() } catch ({ message, name = message }) { text = message + name } text`.gives(
      'a is not a functionTypeError',
    ))
  test('what is thrown need not be an error', () => ran`throw { a: 1 }`.fails('Uncaught: { a: 1 }'))
})
