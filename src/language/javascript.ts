import { blankSourceFile } from 'ts-blank-space'
import type ts from 'typescript'
import compiler from './compiler.js'
import { type Position, sourceMapLookup } from './sourceMap.js'

/** A cell's TypeScript as JavaScript. */
export interface JavaScript {
  code: string
  /** where in the TypeScript (0-based) a position of the code comes from */
  lookup(position: Position): Position | undefined
  /** enums and namespaces: `var` in the code, but they start empty */
  fresh: ReadonlySet<string>
  /** whether the compiler, not the cell, made up a top-level name: a helper or a temporary */
  isOwn(name: string): boolean
}

/**
 * Types are erased, not checked. Most cells only need them blanked out, in a tenth of the compiler's time; the compiler emits those that
 * have more of TypeScript in them, or what Node has not yet.
 * @throws what `fail` throws, with an offset in `typescript`
 */
export function toJavaScript(typescript: string, fail: (message: string, offset: number) => never): JavaScript {
  return blanked(typescript) ?? emitted(typescript, fail)
}

// the export makes it a module for each parser: in a script `await (x)` would call a function named await
const asModule = (code: string) => `${code}\nexport {};`

function blanked(typescript: string): JavaScript | undefined {
  // comments to V8, which runs a script, operators in a module
  if (/<!--|-->/.test(typescript)) return undefined
  const file = parse(asModule(typescript))
  if (file.parseDiagnostics.length || needsCompiler(file)) return undefined
  let erasable = true
  const code = blankSourceFile(file, () => {
    erasable = false
  })
  return erasable ? { code, lookup: position => position, fresh: new Set(), isOwn: () => false } : undefined
}

type Parsed = ts.SourceFile & { parseDiagnostics: readonly ts.Diagnostic[] }

export function parse(code: string, setParents = false): Parsed {
  const options: ts.CreateSourceFileOptions = {
    languageVersion: compiler.ScriptTarget.ESNext,
    jsDocParsingMode: compiler.JSDocParsingMode.ParseNone,
  }
  return compiler.createSourceFile('cell.ts', code, options, setParents, compiler.ScriptKind.TS) as Parsed
}

/** Decorators, `accessor` and `using` are JavaScript to the blanker, but not to Node. */
function needsCompiler(node: ts.Node): boolean {
  return (
    node.kind === compiler.SyntaxKind.Decorator ||
    node.kind === compiler.SyntaxKind.AccessorKeyword ||
    node.kind === compiler.SyntaxKind.NamespaceExportDeclaration ||
    (compiler.isVariableDeclarationList(node) && (node.flags & compiler.NodeFlags.Using) !== 0) ||
    !!compiler.forEachChild(node, child => needsCompiler(child) || undefined)
  )
}

function emitted(typescript: string, fail: (message: string, offset: number) => never): JavaScript {
  const fresh = new Set<string>()
  const written = new Set<string>()
  const visit = (node: ts.Node) => {
    if (compiler.isIdentifier(node)) written.add(node.text)
    compiler.forEachChild(node, visit)
  }
  const names: ts.TransformerFactory<ts.SourceFile> = () => file => {
    visit(file)
    for (const { name } of file.statements.filter(isFresh)) fresh.add(name.text)
    // a file that is made anew loses its `import a = require()`
    const { statements } = file
    return statements.some(isExportEquals) ? compiler.factory.updateSourceFile(file, statements.map(asDefault)) : file
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
  if (error) fail(compiler.flattenDiagnosticMessageText(error.messageText, ' '), error.start!)
  const { mappings } = JSON.parse(sourceMapText!) as { mappings: string }
  const code = asModule(outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ''))
  return { code, lookup: sourceMapLookup(mappings), fresh, isOwn: name => !written.has(name) }
}

const isExportEquals = (statement: ts.Statement): statement is ts.ExportAssignment =>
  compiler.isExportAssignment(statement) && !!statement.isExportEquals

/** `export = a` as `export default a`: there is no `module` here. */
const asDefault = (statement: ts.Statement) =>
  isExportEquals(statement)
    ? compiler.setTextRange(compiler.factory.createExportDefault(statement.expression), statement)
    : statement

const isFresh = (statement: ts.Statement): statement is ts.EnumDeclaration | ts.NamespaceDeclaration =>
  compiler.isEnumDeclaration(statement) ||
  (compiler.isModuleDeclaration(statement) && compiler.isIdentifier(statement.name))
