import type ts from 'typescript'
import compiler from './compiler.js'
import { editor } from './editor.js'
import { namesIn } from './moduleNames.js'

/** What a cell's text must change by to stand in one module with others. */
export interface CellEdits {
  /** in braces, its imports before them */
  block: boolean
  /** imported names that are left out */
  drop: Set<ts.Node>
  /** variables that other cells assign */
  open: Set<string>
  /** names declared before, to be assigned */
  assign: Set<string>
}

/** @param file `text`, parsed, with anything behind it */
export function editedCell(text: string, file: ts.SourceFile, { block, drop, open, assign }: CellEdits): string {
  if (!block && !drop.size && !open.size && !assign.size) return text
  const edits = editor(text)
  const moved: string[] = []
  for (const statement of file.statements) {
    if (statement.getStart(file) >= text.length) continue
    if (compiler.isImportDeclaration(statement)) {
      const kept = importWithout(statement, drop)
      if (block) moved.push(kept)
      if (block || !kept) edits.replaceRange(statement.getStart(file), lineEnd(text, statement.end), '')
      else if (kept !== statement.getText(file)) edits.replace(statement, kept)
      continue
    }
    if (block) dropExport(statement)
    if (!compiler.isVariableStatement(statement)) continue
    const list = statement.declarationList
    const names = namesIn(list)
    if (names.some(name => assign.has(name)))
      edits.replaceRange(statement.getStart(file), list.end, assignments(list, assign, open))
    else if (names.some(name => open.has(name)))
      edits.replaceRange(list.getStart(file), list.declarations[0].getStart(file), 'let ')
  }
  const { code } = edits.render({ start: 0, end: text.length }, '', '')
  const body = code.replace(/^\s*\n/, '')
  return block ? [...moved.filter(Boolean), '{', indented(body.trimEnd()), '}'].join('\n') : body

  function dropExport(statement: ts.Statement) {
    if (!compiler.canHaveModifiers(statement)) return
    for (const modifier of statement.modifiers ?? [])
      if (modifier.kind === compiler.SyntaxKind.ExportKeyword)
        edits.replaceRange(modifier.getStart(file), modifier.end + 1, '')
  }
}

/** The import without some names; '' when none is left. */
function importWithout(statement: ts.ImportDeclaration, drop: Set<ts.Node>): string {
  const clause = statement.importClause
  if (!clause || !drop.size) return statement.getText()
  const bindings = clause.namedBindings
  const named = bindings && compiler.isNamedImports(bindings) ? bindings.elements : []
  const kept = named.filter(element => !drop.has(element)).map(element => element.getText())
  const parts = [
    clause.name && !drop.has(clause) ? clause.name.text : '',
    bindings && compiler.isNamespaceImport(bindings) && !drop.has(bindings) ? bindings.getText() : '',
    kept.length ? `{ ${kept.join(', ')} }` : '',
  ].filter(Boolean)
  if (!parts.length) return ''
  const type = clause.phaseModifier === compiler.SyntaxKind.TypeKeyword ? 'type ' : ''
  const from = statement.getSourceFile().text.slice(statement.moduleSpecifier.getStart(), statement.end)
  return `import ${type}${parts.join(', ')} from ${from}`
}

/** `const { images, seeds } = f()` → `let seeds` and `;({ images, seeds } = f())`, where `images` is declared already. */
function assignments(list: ts.VariableDeclarationList, assign: Set<string>, open: Set<string>): string {
  return list.declarations
    .flatMap(declaration => {
      const { name, initializer } = declaration
      const names = namesIn(declaration)
      const fresh = names.filter(name => !assign.has(name))
      if (fresh.length === names.length) {
        const isConst = list.flags & compiler.NodeFlags.Const && !names.some(name => open.has(name))
        return `${isConst ? 'const' : 'let'} ${declaration.getText()}`
      }
      const assignment = `${name.getText()} = ${initializer?.getText() ?? 'undefined'}`
      if (compiler.isIdentifier(name)) return assignment
      const pattern = compiler.isObjectBindingPattern(name) ? `;(${assignment})` : `;${assignment}`
      return fresh.length ? [`let ${fresh.join(', ')}`, pattern] : pattern
    })
    .join('\n')
}

/** Lines that begin inside a template or a string stay as they are. */
function indented(code: string): string {
  const file = compiler.createSourceFile('cell.ts', code, compiler.ScriptTarget.ESNext, true, compiler.ScriptKind.TS)
  const fixed: [number, number][] = []
  visit(file)
  return code.replace(/^(?=.)/gm, (_, offset: number) =>
    fixed.some(([start, end]) => start < offset && offset < end) ? '' : '  ',
  )

  function visit(node: ts.Node): void {
    if (compiler.isTemplateLiteralToken(node) || compiler.isStringLiteral(node)) fixed.push([node.getStart(), node.end])
    compiler.forEachChild(node, visit)
  }
}

/** Where the line of `end` ends, when nothing else stands in it. */
function lineEnd(text: string, end: number): number {
  return end + (/^[^\S\n]*\n/.exec(text.slice(end))?.[0].length ?? 0)
}
