import { blankSourceFile } from 'ts-blank-space'
import type ts from 'typescript'
import compiler from './compiler.js'
import { lineTable, type Position, sourceMapLookup } from './sourceMap.js'

/** A cell's TypeScript as JavaScript. */
export interface JavaScript {
  /** the body of {@link cellFunction} */
  code: string
  /** where in the TypeScript (0-based) an offset of the code comes from */
  lookup(offset: number): Position | undefined
  /** enums and namespaces: `var` in the code, but they start empty */
  fresh: ReadonlySet<string>
  /** whether the compiler, not the cell, made up a top-level name: a helper or a temporary */
  isOwn(name: string): boolean
}

/**
 * A cell is parsed as what it will be, the body of an asynchronous function: TypeScript's parser takes a module's top-level `await` for
 * a name first, and goes astray where what follows makes no sense then, as in `await [...a]`.
 */
const head = 'async function cell() {'
const cellFunction = (code: string) => `${head}${code}\n}`

export interface ParsedCell {
  file: ts.SourceFile
  body: ts.Block
  /** the first error of the syntax, at an offset of the cell's code */
  error?: { message: string; offset: number }
}

/**
 * Types are erased, not checked. Most cells only need them blanked out, in a tenth of the compiler's time; the compiler emits those that
 * have more of TypeScript in them, or what Node has not yet.
 * @throws what `fail` throws at an error of the syntax
 */
export function toJavaScript(typescript: string, fail: (message: string, at: Position) => never): JavaScript {
  const cell = parseCell(typescript)
  if (cell.error) fail(cell.error.message, lineTable(typescript).position(cell.error.offset))
  return blanked(typescript, cell) ?? emitted(typescript)
}

/** Parses a cell's TypeScript or JavaScript. Nodes have the offsets of the whole function; {@link offsetInCell} gives the cell's. */
export function parseCell(code: string, setParents = false): ParsedCell {
  const options: ts.CreateSourceFileOptions = {
    languageVersion: compiler.ScriptTarget.ESNext,
    jsDocParsingMode: compiler.JSDocParsingMode.ParseNone,
  }
  const text = cellFunction(code)
  const file = compiler.createSourceFile('cell.ts', text, options, setParents, compiler.ScriptKind.TS)
  const body = (file.statements[0] as ts.FunctionDeclaration).body!
  const [diagnostic] = (file as ts.SourceFile & { parseDiagnostics: ts.DiagnosticWithLocation[] }).parseDiagnostics
  const error = (message: string, offset: number) => ({
    message,
    offset: Math.max(0, Math.min(offsetInCell(offset), code.length)),
  })
  // a `}` too many ends the function
  const isClosed = body.statements.end < body.end
  if (isClosed && body.end < text.length && (!diagnostic || diagnostic.start >= body.end))
    return { file, body, error: error('Declaration or statement expected.', body.end - 1) }
  return {
    file,
    body,
    error: diagnostic && error(compiler.flattenDiagnosticMessageText(diagnostic.messageText, ' '), diagnostic.start),
  }
}

export const offsetInCell = (offset: number) => offset - head.length

function blanked(typescript: string, { file, body }: ParsedCell): JavaScript | undefined {
  // comments to V8, which runs a script, operators in a module
  if (/<!--|-->/.test(typescript) || needsCompiler(body)) return undefined
  let erasable = true
  const code = blankSourceFile(file, () => {
    erasable = false
  })
  if (!erasable) return undefined
  return {
    code: code.slice(head.length, -'\n}'.length),
    lookup: identity(typescript),
    fresh: new Set(),
    isOwn: () => false,
  }
}

// apart from what else has been in scope: sessions keep it
const identity =
  (typescript: string): JavaScript['lookup'] =>
  offset =>
    lineTable(typescript).position(offset)

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

function emitted(typescript: string): JavaScript {
  const fresh = new Set<string>()
  const written = new Set<string>()
  const visit = (node: ts.Node) => {
    if (compiler.isIdentifier(node)) written.add(node.text)
    compiler.forEachChild(node, visit)
  }
  const prepare: ts.TransformerFactory<ts.SourceFile> = () => file => {
    visit(file)
    for (const { name } of file.statements.filter(isFresh)) fresh.add(name.text)
    const statements = withoutRepeats(file.statements).map(asDefault)
    // a file that is made anew loses its `import a = require()`
    const isSame =
      statements.length === file.statements.length && statements.every((node, i) => node === file.statements[i])
    return isSame ? file : compiler.factory.updateSourceFile(file, statements)
  }
  const { outputText, sourceMapText } = compiler.transpileModule(typescript, {
    fileName: 'cell.ts',
    transformers: { before: [prepare] },
    compilerOptions: {
      target: compiler.ScriptTarget.ES2023,
      module: compiler.ModuleKind.Preserve,
      moduleDetection: compiler.ModuleDetectionKind.Force,
      verbatimModuleSyntax: true,
      sourceMap: true,
    },
  })
  const code = outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, '')
  const { mappings } = JSON.parse(sourceMapText!) as { mappings: string }
  return {
    code,
    lookup: mapped(code, mappings),
    fresh,
    isOwn: name => !written.has(name),
  }
}

function mapped(code: string, mappings: string): JavaScript['lookup'] {
  let lookup: ReturnType<typeof sourceMapLookup> | undefined
  return offset => {
    lookup ??= sourceMapLookup(mappings)
    return lookup(lineTable(code).position(offset))
  }
}

/** Where the parser has gone astray it parses the rest again, and keeps what it had before as well. */
function withoutRepeats(statements: readonly ts.Statement[]): ts.Statement[] {
  let end = 0
  return statements.filter(statement => {
    if (statement.pos < end) return false
    end = statement.end
    return true
  })
}

/** `export = a` as `export default a`: there is no `module` here. */
const asDefault = (statement: ts.Statement) =>
  compiler.isExportAssignment(statement) && statement.isExportEquals
    ? compiler.setTextRange(compiler.factory.createExportDefault(statement.expression), statement)
    : statement

const isFresh = (statement: ts.Statement): statement is ts.EnumDeclaration | ts.NamespaceDeclaration =>
  compiler.isEnumDeclaration(statement) ||
  (compiler.isModuleDeclaration(statement) && compiler.isIdentifier(statement.name))
