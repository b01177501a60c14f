import { rewriteBindings } from './bindings.js'
import { type JavaScript, offsetInCell, toJavaScript } from './javascript.js'
import { replaceShellLines } from './shellLines.js'
import { lineTable, type Position } from './sourceMap.js'

/**
 * A cell, ready to run. `code` is a JavaScript expression, a function `(__cell, __new, __run) => Promise<value>`:
 * `__cell` is the session's scope, an object with one property a name; writing a property of `__new` gives a `const`, `let` or
 * `class` its initial value; `__run` is {@link CellRuntime}.
 */
export interface CompiledCell {
  code: string
  /** what the cell declares at its top level; each becomes a property of the scope */
  declared: Declared[]
  /** names it uses and does not declare: other cells' or globals; the scope must have a property for each before it runs */
  free: string[]
  /** names of other cells or globals whose value it uses, in functions too; what a global is, the session knows */
  reads: string[]
  /** names it declares, and other cells' that it assigns, in functions too: `n = 1`, `n++`, `[n] = [1]`, `for (n of [1])` */
  writes: string[]
  /** where in the cell's text (0-based) a position in `code` comes from */
  original(generated: Position): Position | undefined
}

export interface Declared {
  name: string
  kind: 'const' | 'let' | 'var' | 'function' | 'class' | 'import'
  /** an enum or namespace: starts empty instead of merging with an earlier cell's */
  fresh?: boolean
}

/** What compiled code calls. */
export interface CellRuntime {
  /** A static import: `names` are pairs of local and imported name, `*` for the namespace. */
  load(specifier: string, attributes: Record<string, string>, names: [string, string][]): Promise<void>
  import(specifier: unknown, options?: { with?: Record<string, string> }): Promise<unknown>
  /** `import.meta` */
  meta: object
  shell(command: string): Promise<void>
  /** `typeof name` for a name that may not exist */
  typeof(name: string): string
  /** Where code goes on after a wait: gives the value back. @throws where the cell has been stopped */
  resumed<T>(value?: T): T
  /**
   * At the head of `catch`. Takes the scope out of V8's messages, as in `__cell.f is not a function`.
   * @throws where the cell has been stopped
   */
  caught(error?: unknown): void
}

/** A cell that cannot be parsed; `line` and `column` are 1-based, of the cell's own text. */
export class CellSyntaxError extends SyntaxError {
  override name = 'SyntaxError'
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(message)
  }
}

/**
 * Cell text, TypeScript with `!` lines → runnable JavaScript. Types are erased, not checked.
 * @param isDeclared whether an earlier cell has declared the name, so that even `Map` may be redeclared
 * @throws CellSyntaxError
 */
export function transform(text: string, isDeclared: (name: string) => boolean = () => false): CompiledCell {
  // V8 takes `#!` for a comment only where a script begins
  const typescript = replaceShellLines(text.replace(/^(\ufeff?)#!/, '$1//'))
  const javascript = toJavaScript(typescript, fail)
  const { code, originalOffset, ...names } = rewriteBindings(javascript, isDeclared, (message, offset) =>
    fail(message, javascript.lookup(offset)),
  )
  return {
    ...names,
    code,
    declared: names.declared.map(name => (javascript.fresh.has(name.name) ? { ...name, fresh: true } : name)),
    original: positionLookup(code, originalOffset, javascript.lookup),
  }

  function fail(message: string, { line, column }: Position = { line: 0, column: 0 }): never {
    throw new CellSyntaxError(message, line + 1, column + 1)
  }
}

function positionLookup(
  code: string,
  originalOffset: (offset: number) => number | undefined,
  lookup: JavaScript['lookup'],
): CompiledCell['original'] {
  return generated => {
    const offset = originalOffset(lineTable(code).offset(generated))
    return offset === undefined ? undefined : lookup(offsetInCell(offset))
  }
}
