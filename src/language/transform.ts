import type ts from 'typescript'
import { rewriteBindings } from './bindings.js'
import compiler from './compiler.js'
import { replaceShellLines } from './shellLines.js'
import { lineTable, type Position, sourceMapLookup } from './sourceMap.js'

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
  /** Takes the scope out of V8's messages, as in `__cell.f is not a function`. */
  caught(error: unknown): void
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
  const typescript = replaceShellLines(text)
  const { javascript, lookup, fresh } = eraseTypes(typescript)
  const lines = lineTable(javascript)
  const fail = (message: string, offset: number): never => {
    const { line, column } = lookup(lines.position(offset)) ?? { line: 0, column: 0 }
    throw new CellSyntaxError(message, line + 1, column + 1)
  }
  const { code, declared, free, originalOffset } = rewriteBindings(javascript, isDeclared, fail)
  const codeLines = lineTable(code)
  return {
    code,
    declared: declared.map(name => (fresh.has(name.name) ? { ...name, fresh: true } : name)),
    free,
    original(generated) {
      const offset = originalOffset(codeLines.offset(generated))
      return offset === undefined ? undefined : lookup(lines.position(offset))
    },
  }
}

function eraseTypes(typescript: string) {
  const fresh = new Set<string>()
  const names: ts.TransformerFactory<ts.SourceFile> = () => file => {
    for (const statement of file.statements) {
      if (compiler.isEnumDeclaration(statement)) fresh.add(statement.name.text)
      if (compiler.isModuleDeclaration(statement) && compiler.isIdentifier(statement.name))
        fresh.add(statement.name.text)
    }
    return file
  }
  const { outputText, sourceMapText, diagnostics } = compiler.transpileModule(typescript, {
    fileName: 'cell.ts',
    reportDiagnostics: true,
    transformers: { before: [names] },
    compilerOptions: {
      target: compiler.ScriptTarget.ES2023,
      module: compiler.ModuleKind.Preserve,
      moduleDetection: compiler.ModuleDetectionKind.Force,
      verbatimModuleSyntax: true,
      sourceMap: true,
    },
  })
  const error = diagnostics?.find(
    ({ category, start }) => category === compiler.DiagnosticCategory.Error && start !== undefined,
  )
  if (error) {
    const { line, column } = lineTable(typescript).position(error.start!)
    throw new CellSyntaxError(compiler.flattenDiagnosticMessageText(error.messageText, ' '), line + 1, column + 1)
  }
  const { mappings } = JSON.parse(sourceMapText!) as { mappings: string }
  // the export makes it a module for the next parser too: in a script `await (x)` would call a function named await
  const javascript = `${outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, '')}\nexport {};`
  return { javascript, lookup: sourceMapLookup(mappings), fresh }
}
