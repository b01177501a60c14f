import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { number, program } from './programs.js'
import { outcomes } from './ran.js'

/** V8's REPL has no place in its messages, and its own word for a name that is not there yet. */
const sameWords = (outcome: string) =>
  outcome
    .replace(/^SyntaxError: .*/, 'SyntaxError')
    .replace(/"Cannot access '(\w+)' before initialization"/g, "'$1 is not defined'")
    .replace(/Cannot access '(\w+)' before initialization/g, '$1 is not defined')

const isError = (outcome: string) => /^(\w*Error|Uncaught): /.test(outcome)

test('2,000 generated programs do what they do in V8’s own REPL', async () => {
  Object.assign(globalThis, { number })
  const programs = Array.from({ length: 2000 }, (_, number) => program(number))
  const oracle = fork(new URL('oracle.mjs', import.meta.url), { execArgv: [] })
  oracle.send(programs)
  const [theirs] = (await once(oracle, 'message')) as [string[][]]
  const differences: object[] = []
  let whole = 0
  for (const [number, cells] of programs.entries()) {
    // an enum makes the compiler emit the cell
    const ours = await outcomes(number % 10 ? cells : cells.map(cell => `enum E {}\n${cell}`))
    // after an error V8 keeps names that can neither be read nor declared again
    const failed = ours.findIndex((outcome, index) => isError(outcome) || isError(theirs[number][index]))
    const at = cells
      .slice(0, failed < 0 ? undefined : failed + 1)
      .findIndex((_, index) => sameWords(ours[index]) !== sameWords(theirs[number][index]))
    if (at >= 0) differences.push({ cells: cells.slice(0, at + 1), ours: ours[at], theirs: theirs[number][at] })
    if (failed < 0) whole++
  }
  expect(differences).toEqual([])
  // the others were compared up to their first error
  expect(whole).toBeGreaterThan(900)
}, 300_000)
