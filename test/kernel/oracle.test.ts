import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { outcomes } from './ran.js'

/** Mulberry32: programs must be the same in every run. */
function random(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A program of a few cells over four names, its own: V8 keeps all programs' names in one scope. */
function program(number: number): string[] {
  const next = random(number)
  const pick = <T>(items: T[]): T => items[Math.floor(next() * items.length)]
  // V8 does not let a name change between `let`, `const`, `var` and `class`, as cells may: each name keeps its kind
  const names = ['a', 'b', 'c', 'd'].map(name => `${name}${number}`)
  const [a, b, c, d] = names
  const name = () => pick(names)
  const expression = (depth = 0): string => {
    const leaf = [() => String(Math.floor(next() * 9)), name, name]
    const inner = () => expression(depth + 1)
    const forms = [
      ...leaf,
      () => `[${inner()}, ${inner()}]`,
      () => `({ ${name()}, x: ${inner()} })`,
      () => `(${name()} => ${inner()})(${inner()})`,
      () => `(() => { const ${name()} = ${inner()}; return ${inner()} })()`,
      () => `(function ${name()}() { return typeof ${name()} })()`,
      () => `typeof ${name()}`,
      () => `(${name()} = ${inner()})`,
      ...(depth ? [] : [() => `await ${inner()}`]),
      () => `${name()}?.x`,
      () => `${name()}()`,
      () => `\`\${typeof ${name()}}\``,
      () => `${name()}.name`,
      () => `(({ x: ${name()} = ${inner()}, ...rest }) => rest)({ y: ${inner()} })`,
      () =>
        `(x => { try { return ${name()}(x) } catch (${pick(names)}) { return ${pick(names)}.message } })(${inner()})`,
    ]
    return pick(depth > 2 ? leaf : forms)()
  }
  const statement = (): string =>
    pick([
      () => `let ${a} = ${expression()}`,
      () => `let ${a}`,
      () => `let [${a} = ${expression()}] = [${expression()}]`,
      () => `let { x: ${a}, ...rest${number} } = { x: ${expression()}, y: ${expression()} }`,
      () => `const ${b} = ${expression()}`,
      () => `const { x: { y: [, ${b}] } } = { x: { y: [0, ${expression()}] } }`,
      () => `const ${b} = () => ${name()}`,
      () => `const ${b} = function () { return ${name()} }`,
      () => `var ${c} = ${expression()}`,
      () => `var ${c}`,
      () => `function ${c}() { return ${expression(1)} }`,
      () => `for (var ${c} of [1, 2]) { let ${name()} = 3 }`,
      () => `if (${expression()}) { var ${c} = ${expression()} }`,
      () => `class ${d} { static x = ${expression(1)}; static y() { return ${name()} } }`,
      () => `for (let ${a} = 0; ${a} < 2; ${a}++) { ${c} = () => ${a} }`,
      () => `{ let ${name()} = ${expression()}; ${expression()} }`,
      () => `[${name()}, ${name()}] = [${expression()}, ${expression()}]`,
      () => `({ ${a}, x: ${c} = 1 } = { ${a}: ${expression()} })`,
      () => `${name()}++`,
    ])()
  const cells = Array.from({ length: 4 }, () =>
    [`'use strict'`, ...Array.from({ length: Math.floor(next() * 3) }, statement), expression()].join('\n;'),
  )
  return cells
}

/** V8's REPL has no place in its messages, and its own word for a name that is not there yet. */
const sameWords = (outcome: string) =>
  outcome
    .replace(/^(SyntaxError: .*) \(line \d+, column \d+\)$/, '$1')
    .replace(/^ReferenceError: Cannot access '(\w+)' before initialization$/, 'ReferenceError: $1 is not defined')

const isError = (outcome: string) => /^(\w*Error|Uncaught): /.test(outcome)

test('cells do what they do in V8’s own REPL', async () => {
  const programs = Array.from({ length: 150 }, (_, number) => program(number))
  const oracle = fork(new URL('oracle.mjs', import.meta.url), { execArgv: [] })
  oracle.send(programs)
  const [theirs] = (await once(oracle, 'message')) as [string[][]]
  const differences: object[] = []
  for (const [number, cells] of programs.entries()) {
    const ours = await outcomes(cells)
    // after an error V8 keeps names that can neither be read nor declared again
    const failed = ours.findIndex((outcome, index) => isError(outcome) || isError(theirs[number][index]))
    const at = cells
      .slice(0, failed < 0 ? undefined : failed + 1)
      .findIndex((_, index) => sameWords(ours[index]) !== sameWords(theirs[number][index]))
    if (at >= 0) differences.push({ cells: cells.slice(0, at + 1), ours: ours[at], theirs: theirs[number][at] })
  }
  expect(differences).toEqual([])
})
