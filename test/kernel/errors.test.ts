import { expect, test } from 'vitest'
import { error, run } from './kernelProcess.js'

/** The traceback of the last cell, with `n` for its number. */
async function traceback(...cells: string[]): Promise<string[]> {
  let lines: string[] = []
  let first = 0
  for (const code of cells) {
    const messages = await run(code)
    const input = messages.find(({ header }) => header.msg_type === 'execute_input')
    const count = (input!.content as { execution_count: number }).execution_count
    first ||= count
    lines = (error(messages)?.traceback ?? []).map(line =>
      line.replace(/In\[(\d+)\]/g, (_, number) => `In[n${Number(number) - first ? `+${Number(number) - first}` : ''}]`),
    )
  }
  return lines
}

test('frames are named by cell and line, and the line of the top-most is shown', async () =>
  expect(await traceback(`function f() {\n\tthrow new Error('boom')\n}`, `const g = () => f()\n;[1].map(g)`)).toEqual([
    'Error: boom',
    '    at f (Cell In[n], line 2)',
    '    at g (Cell In[n+1], line 1)',
    '    at Array.map (<anonymous>)',
    '    at Cell In[n+1], line 2',
    'Cell In[n], line 2',
    `    \tthrow new Error('boom')`,
    '    \t      ^',
  ]))

test('a generator that goes on is no frame', async () =>
  expect((await traceback(`function* f() {\n  throw new Error('boom')\n}\nf().next()`)).slice(0, 3)).toEqual([
    'Error: boom',
    '    at f (Cell In[n], line 2)',
    '    at Cell In[n], line 4',
  ]))

test('with lines of a cell that the compiler had to emit', async () =>
  expect(await traceback(`enum A { B }\nusing a = null\nlet b: any\n  b.c`)).toEqual([
    `TypeError: Cannot read properties of undefined (reading 'c')`,
    '    at Cell In[n], line 4',
    'Cell In[n], line 4',
    '      b.c',
    '        ^',
  ]))

test('errors inside others are below', async () =>
  expect(
    await traceback(
      `throw new AggregateError([new TypeError('a', { cause: 'why' }), 2], 'all', { cause: new RangeError('b') })`,
    ).then(lines => lines.filter(line => !/^ |^Cell/.test(line))),
  ).toEqual([
    'AggregateError: all',
    'One of the errors: TypeError: a',
    `Caused by: 'why'`,
    'One of the errors: 2',
    'Caused by: RangeError: b',
  ]))

test('an error whose cause it is itself ends', async () =>
  expect((await traceback(`const self: any = new Error('a'); self.cause = self; throw self`))[0]).toBe('Error: a'))

test.each([
  ['throw null', 'Uncaught null'],
  ['throw undefined', 'Uncaught undefined'],
  ['throw Symbol("a")', 'Uncaught Symbol(a)'],
  ['throw { a: [1] }', 'Uncaught { a: [ 1 ] }'],
  ['const o: any = {}; o.o = o; throw o', 'Uncaught <ref *1> { o: [Circular *1] }'],
  ['throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 } })', 'Uncaught {}'],
  ['throw new Proxy(new Error("a"), { get() { throw 1 } })', 'Error'],
  [
    'throw { [Symbol.for("nodejs.util.inspect.custom")]() { throw 1 } }',
    'Uncaught a value that cannot be shown (object)',
  ],
  ['const e = new Error("a"); Object.defineProperty(e, "stack", { get() { throw 1 } }); throw e', 'Error: a'],
  ['throw Object.freeze(new Error("a"))', 'Error: a'],
  ['throw new DOMException("a", "AbortError")', 'AbortError: a'],
  ['throw new Error("\\u001b[31mred\\u001b[0m")', 'Error: red'],
  ['throw new Error("a".repeat(10_005))', `Error: ${'a'.repeat(10_000)}… 5 more characters`],
])('%s is shown', async (code, line) => expect((await traceback(code))[0]).toBe(line))
