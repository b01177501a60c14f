import { expect } from 'vitest'
import { createBindings } from '../../src/kernel/bindings.js'
import type { RunningCell } from '../../src/kernel/cell.js'
import { errorContent } from '../../src/kernel/errors.js'
import { execute } from '../../src/kernel/execute.js'
import { createModules } from '../../src/kernel/modules.js'

const cell: RunningCell = {
  parent: { msg_id: '', msg_type: 'execute_request', session: '', username: '', date: '', version: '5.5' },
  outlet: { send() {}, print() {}, flush() {}, close() {} },
  signal: new AbortController().signal,
  end() {},
  report() {},
}

/** Cells, one after another in one session: ran`const a = 1 | a + 1`.gives(2). ` | ` stands between cells. */
export function ran(strings: TemplateStringsArray) {
  const cells = strings.join('').split(' | ')
  return {
    /** The last cell's value; all cells must run. */
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
    /** The last cell's value, whatever became of those before it. */
    async leaves(expected: unknown) {
      expect((await runAll(cells)).value).toEqual(expected)
    },
  }
}

async function runAll(cells: string[]) {
  // without the hooks of a kernel's process, Node resolves
  const modules = { ...createModules(process.cwd()), import: (specifier: string) => import(specifier) }
  const session = { cwd: process.cwd(), bindings: createBindings({ require: modules.require }), modules }
  let value: unknown
  let error: ReturnType<typeof errorContent> | undefined
  for (const [index, code] of cells.entries()) {
    value = undefined
    if (error && index < cells.length - 1) error = undefined
    try {
      value = await execute(code, index + 1, session, cell)
      error = undefined
    } catch (thrown) {
      error = errorContent(thrown, { count: index + 1, code })
    }
  }
  return { value, error }
}
