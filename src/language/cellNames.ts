import type ts from 'typescript'
import compiler from './compiler.js'

export type ValueKind = 'const' | 'let' | 'var' | 'function' | 'class' | 'enum' | 'namespace' | 'import'
export type TypeKind = 'class' | 'enum' | 'namespace' | 'import' | 'interface' | 'type'

/** What a top-level name of a cell stands for: a value, a type, or both. */
export interface CellName {
  value?: ValueKind
  type?: TypeKind
  /** the cell's own text exports it */
  exported?: boolean
}

/** The names that a cell declares at its top level. Half-typed text gives those that the parser makes out. */
export function cellNames(text: string): Map<string, CellName> {
  const file = compiler.createSourceFile('cell.ts', text, compiler.ScriptTarget.ESNext, true)
  const names = new Map<string, CellName>()
  let exported: true | undefined
  for (const statement of file.statements) {
    exported = isExported(statement) || undefined
    declare(statement)
  }
  for (const name of file.statements.flatMap(exportedNames)) if (names.has(name)) add(name, { exported: true })
  names.delete('') // a missing identifier
  return names

  function add(name: string, meaning: CellName) {
    names.set(name, { ...names.get(name), ...(exported && { exported }), ...meaning })
  }

  function declare(statement: ts.Statement) {
    if (compiler.isVariableStatement(statement)) list(statement.declarationList)
    else if (compiler.isFunctionDeclaration(statement)) add(statement.name?.text ?? '', { value: 'function' })
    else if (compiler.isClassDeclaration(statement)) add(statement.name?.text ?? '', { value: 'class', type: 'class' })
    else if (compiler.isEnumDeclaration(statement)) add(statement.name.text, { value: 'enum', type: 'enum' })
    else if (compiler.isInterfaceDeclaration(statement)) add(statement.name.text, { type: 'interface' })
    else if (compiler.isTypeAliasDeclaration(statement)) add(statement.name.text, { type: 'type' })
    else if (compiler.isModuleDeclaration(statement)) {
      if (compiler.isIdentifier(statement.name)) add(statement.name.text, { value: 'namespace', type: 'namespace' })
    } else if (compiler.isImportDeclaration(statement)) imported(statement.importClause)
    else if (compiler.isImportEqualsDeclaration(statement)) add(statement.name.text, both)
    else nestedVars(statement)
  }

  function imported(clause: ts.ImportClause | undefined) {
    if (clause?.name) add(clause.name.text, both)
    const bindings = clause?.namedBindings
    if (bindings && compiler.isNamespaceImport(bindings)) add(bindings.name.text, both)
    else for (const { name } of bindings?.elements ?? []) add(name.text, both)
  }

  function list({ flags, declarations }: ts.VariableDeclarationList) {
    const blockScoped = flags & compiler.NodeFlags.BlockScoped
    const kind = !blockScoped ? 'var' : blockScoped === compiler.NodeFlags.Let ? 'let' : 'const'
    for (const { name } of declarations) binding(name, kind)
  }

  function binding(name: ts.BindingName, kind: ValueKind) {
    if (compiler.isIdentifier(name)) add(name.text, { value: kind })
    else for (const element of name.elements) if (!compiler.isOmittedExpression(element)) binding(element.name, kind)
  }

  /** `var` inside a block or loop is the cell's. */
  function nestedVars(node: ts.Node) {
    if (compiler.isFunctionLike(node) || compiler.isClassLike(node)) return
    if (compiler.isVariableDeclarationList(node) && !(node.flags & compiler.NodeFlags.BlockScoped)) list(node)
    compiler.forEachChild(node, nestedVars)
  }
}

const both: CellName = { value: 'import', type: 'import' }

/** `export const a = 1`; a default export has no name to export. */
function isExported(statement: ts.Statement): boolean {
  const modifiers = (compiler.canHaveModifiers(statement) && compiler.getModifiers(statement)) || []
  const has = (kind: ts.SyntaxKind) => modifiers.some(modifier => modifier.kind === kind)
  return has(compiler.SyntaxKind.ExportKeyword) && !has(compiler.SyntaxKind.DefaultKeyword)
}

/** `export { a }`, `export * as a from 'x'` */
function exportedNames(statement: ts.Statement): string[] {
  const clause = compiler.isExportDeclaration(statement) ? statement.exportClause : undefined
  if (!clause) return []
  return compiler.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : [clause.name.text]
}
