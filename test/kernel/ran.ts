import { inspect } from 'node:util'
import { expect } from 'vitest'
import { createBindings } from '../../src/kernel/cells/bindings.js'
import type { RunningCell } from '../../src/kernel/cells/cell.js'
import { errorContent } from '../../src/kernel/cells/errors.js'
import { execute } from '../../src/kernel/cells/execute.js'
import { createModules } from '../../src/kernel/cells/modules.js'

const cell: RunningCell = {
  parent: { msg_id: '', msg_type: 'execute_request', session: '', username: '', date: '', version: '5.5' },
  outlet: { send() {}, print() {}, settled: async () => {}, close() {} },
  signal: new AbortController().signal,
  isStopWanted: () => false,
  end() {},
  report() {},
}

/** Cells, one after another in one session: ran`const a = 1 | a + 1`.gives(2). ` | ` stands between cells. */
export function ran(strings: TemplateStringsArray) {
  const cells = strings.join('').split(' | ')
  return {
    /** The last cell's value. */
    async gives(expected: unknown) {
      const { value, error } = await runAll(cells)
      if (error) throw new Error(`${error.ename}: ${error.evalue}`)
      expect(value).toEqual(expected)
    },
    /** The last cell's error; those before it may fail too. */
    async fails(expected: string) {
      const { error } = await runAll(cells)
      expect(error && `${error.ename}: ${error.evalue}`).toBe(expected)
    },
  }
}

async function runAll(cells: string[]) {
  const run = createRun()
  let last: Awaited<ReturnType<typeof run>> = {}
  for (const code of cells) last = await run(code)
  return last
}

function createRun() {
  // without the hooks of a kernel's process, Node resolves
  const modules = { ...createModules(process.cwd()), import: (specifier: string) => import(specifier) }
  const session = {
    watchNames: () => () => ({ reads: [], changed: [] }),
    cwd: process.cwd(),
    bindings: createBindings({ require: modules.require }),
    modules,
  }
  let count = 0
  return async (code: string): Promise<{ value?: unknown; error?: ReturnType<typeof errorContent> }> => {
    count++
    try {
      return { value: await execute(code, count, session, cell) }
    } catch (thrown) {
      return { error: errorContent(thrown, { count, code }) }
    }
  }
}

/** What each cell gives, as `util.inspect` shows it on one line, or its error. */
export async function outcomes(cells: string[]): Promise<string[]> {
  const run = createRun()
  const results: string[] = []
  for (const code of cells) {
    const { value, error } = await run(code)
    results.push(error ? `${error.ename}: ${error.evalue}` : inspect(value, { breakLength: Infinity, compact: true }))
  }
  return results
}
