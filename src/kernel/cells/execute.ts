import vm from 'node:vm'
import { type CellRuntime, CellSyntaxError, type CompiledCell, transform } from '../../language/transform.js'
import type { CellNames } from '../threads.js'
import type { Bindings } from './bindings.js'
import type { RunningCell } from './cell.js'
import type { Modules } from './modules.js'
import type { WatchNames } from './names.js'
import { runShell } from './shell.js'
import { cleanNames, originalPosition, registerScript } from './stack.js'
import { resumed } from './stopped.js'

/** What the cells of one notebook share. */
export interface Session {
  cwd: string
  bindings: Bindings
  modules: Modules
  watchNames: WatchNames
}

/** A cell that is about to run. */
export interface CompiledRun {
  /** to be asked when it has ended */
  names(): CellNames
  /** Forgets the names whose declaration was never reached; for a cell that is not let run to its end. */
  ended(): void
}

/**
 * Runs a cell's text; the result is the value of its last expression, awaited.
 * @param count the `n` of `Cell In[n]`
 * @param onCompiled is called before the cell runs
 */
export async function execute(
  text: string,
  count: number,
  session: Session,
  cell: RunningCell,
  onCompiled: (run: CompiledRun) => void = () => {},
): Promise<unknown> {
  const { bindings } = session
  const compiled = transform(text, bindings.has)
  const run = compile(compiled, count, text)
  const names = session.watchNames(compiled)
  bindings.link(compiled.free)
  const { initial, ended } = bindings.declare(compiled.declared)
  onCompiled({ names, ended })
  try {
    return await run(bindings.scope, initial, runtime(session, cell))
  } finally {
    ended()
  }
}

function compile(
  compiled: CompiledCell,
  count: number,
  text: string,
): (scope: object, initial: object, runtime: CellRuntime) => Promise<unknown> {
  const filename = registerScript({ count, text, original: compiled.original })
  try {
    return vm.runInThisContext(compiled.code, { filename })
  } catch (error) {
    throw error instanceof SyntaxError ? (located(error, filename) ?? error) : error
  }
}

/** V8 finds errors that TypeScript's parser does not; the head of its stack shows where, with a marker below the line. */
function located(error: SyntaxError, filename: string): CellSyntaxError | undefined {
  const lines = error.stack?.split('\n') ?? []
  const line = Number(lines[0]?.startsWith(`${filename}:`) ? lines[0].slice(filename.length + 1) : Number.NaN)
  const marker = lines.find(text => /^\s*\^+\s*$/.test(text))
  const position = originalPosition(filename, { line: line - 1, column: marker?.indexOf('^') ?? 0 })
  return position && new CellSyntaxError(cleanNames(error.message), position.line + 1, position.column + 1)
}

function runtime({ bindings, modules }: Session, cell: RunningCell): CellRuntime {
  return {
    async load(specifier, attributes, names) {
      const namespace = await modules.import(specifier, attributes)
      for (const [local, imported] of names) bindings.bind(local, () => exported(namespace, imported, specifier))
    },
    import: async (specifier, options) => modules.import(String(specifier), options?.with),
    meta: modules.meta,
    shell: command => runShell(command, process.cwd(), cell),
    typeof: bindings.typeof,
    resumed: <T>(value?: T) => resumed(value as T),
    caught(error) {
      resumed(undefined)
      if (error instanceof Error && error.message.includes('__cell.')) error.message = cleanNames(error.message)
    },
  }
}

/** A name that a module lacks may be a type, which is no error until it is used as a value. */
function exported(namespace: Record<string, unknown>, name: string, specifier: string): unknown {
  if (name === '*') return namespace
  if (name in namespace) return namespace[name]
  // a CommonJS module whose names Node could not tell
  const whole = namespace.default
  if ((typeof whole === 'object' || typeof whole === 'function') && whole && name in whole)
    return Reflect.get(whole, name)
  throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`)
}
