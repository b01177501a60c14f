import type ts from 'typescript'
import { checkerOf } from './checker.js'
import compiler from './compiler.js'

/** A cell's top-level names, types too, and what it needs of other cells. */
export interface CellNames {
  file: ts.SourceFile
  declared: Map<string, DeclaredKind>
  imports: ImportedName[]
  /** names it uses and does not declare */
  free: Set<string>
  /** variables and free names that its functions use, so perhaps after the cell has ended */
  late: Set<string>
}

/** `variable` is a `let` or `const`; `other` covers functions, classes, types and whatever else cannot be assigned. */
export type DeclaredKind = 'variable' | 'var' | 'import' | 'other'

export interface ImportedName {
  local: string
  /** the same for two imports of one thing */
  imported: string
  typeOnly: boolean
  node: ts.ImportClause | ts.NamespaceImport | ts.ImportSpecifier
}

/** @param text a cell that parses */
export function cellNames(text: string): CellNames {
  const { ScriptTarget, ScriptKind } = compiler
  const file = compiler.createSourceFile('cell.ts', `${text}\nexport {};`, ScriptTarget.ESNext, true, ScriptKind.TS)
  const checker = checkerOf(file)
  const names: CellNames = { file, declared: new Map(), imports: [], free: new Set(), late: new Set() }
  for (const statement of file.statements) declare(statement, names)
  visit(file)
  return names

  function visit(node: ts.Node): void {
    if (compiler.isIdentifier(node) && isUse(node)) use(node)
    compiler.forEachChild(node, visit)
  }

  function use(node: ts.Identifier) {
    const symbol = compiler.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    const declaration = symbol?.declarations?.[0]
    if (!declaration) names.free.add(node.text)
    const lasting =
      !declaration || (isVariable(declaration) && names.declared.has(node.text) && isTopLevel(declaration))
    if (lasting && compiler.findAncestor(node, compiler.isFunctionLike)) names.late.add(node.text)
  }
}

/** An identifier that stands for what it names, not one that names a property, a label or a declaration. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node
  if (compiler.isShorthandPropertyAssignment(parent)) return true
  if (compiler.isQualifiedName(parent)) return parent.left === node
  const { name, propertyName, label } = parent as { name?: ts.Node; propertyName?: ts.Node; label?: ts.Node }
  return ![name, propertyName, label].includes(node)
}

const isVariable = (node: ts.Node) => compiler.isVariableDeclaration(node) || compiler.isBindingElement(node)

const isTopLevel = (node: ts.Node) =>
  !compiler.findAncestor(node, parent => compiler.isFunctionLike(parent) || compiler.isBlock(parent))

function declare(statement: ts.Statement, { declared, imports }: CellNames): void {
  const isAmbient = hasModifier(statement, compiler.SyntaxKind.DeclareKeyword)
  const add = (name: string, kind: DeclaredKind) => declared.set(name, isAmbient || declared.has(name) ? 'other' : kind)
  if (hasModifier(statement, compiler.SyntaxKind.DefaultKeyword)) add('default', 'other')
  if (compiler.isVariableStatement(statement)) {
    for (const name of namesIn(statement.declarationList)) add(name, variableKind(statement.declarationList))
  } else if (compiler.isImportDeclaration(statement)) {
    for (const name of importedNames(statement)) {
      add(name.local, 'import')
      imports.push(name)
    }
  } else if (compiler.isExportAssignment(statement)) add('default', 'other')
  else if (isNamedDeclaration(statement)) {
    if (statement.name && compiler.isIdentifier(statement.name)) add(statement.name.text, 'other')
  } else nestedVars(statement)

  /** `var` in a block or loop is the cell's. */
  function nestedVars(node: ts.Node) {
    if (compiler.isFunctionLike(node) || compiler.isClassLike(node)) return
    if (compiler.isVariableDeclarationList(node) && variableKind(node) === 'var')
      for (const name of namesIn(node)) declared.set(name, 'var')
    compiler.forEachChild(node, nestedVars)
  }
}

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return compiler.canHaveModifiers(node) && !!node.modifiers?.some(modifier => modifier.kind === kind)
}

const isNamedDeclaration = (node: ts.Statement) =>
  compiler.isFunctionDeclaration(node) ||
  compiler.isClassDeclaration(node) ||
  compiler.isEnumDeclaration(node) ||
  compiler.isInterfaceDeclaration(node) ||
  compiler.isTypeAliasDeclaration(node) ||
  compiler.isModuleDeclaration(node) ||
  compiler.isImportEqualsDeclaration(node)

function variableKind({ flags }: ts.VariableDeclarationList): DeclaredKind {
  const kind = flags & compiler.NodeFlags.BlockScoped
  if (!kind) return 'var'
  // `using` cannot be assigned
  return kind & compiler.NodeFlags.Using && kind !== compiler.NodeFlags.Const ? 'other' : 'variable'
}

/** The names that a list of variables, or one of them, declares. */
export function namesIn(node: ts.VariableDeclarationList | ts.VariableDeclaration | ts.BindingElement): string[] {
  if (compiler.isVariableDeclarationList(node)) return node.declarations.flatMap(namesIn)
  if (compiler.isIdentifier(node.name)) return [node.name.text]
  return node.name.elements.flatMap(element => (compiler.isOmittedExpression(element) ? [] : namesIn(element)))
}

function importedNames({ importClause, moduleSpecifier }: ts.ImportDeclaration): ImportedName[] {
  if (!importClause) return []
  const module = (moduleSpecifier as ts.StringLiteral).text
  const { name, namedBindings, phaseModifier } = importClause
  const ofClause = phaseModifier === compiler.SyntaxKind.TypeKeyword
  const imported = (local: ts.Identifier, what: string, node: ImportedName['node'], typeOnly = ofClause) => ({
    ...{ local: local.text, imported: JSON.stringify([module, what]), typeOnly, node },
  })
  const all = name ? [imported(name, 'default', importClause)] : []
  if (!namedBindings) return all
  if (compiler.isNamespaceImport(namedBindings)) return [...all, imported(namedBindings.name, '*', namedBindings)]
  const named = namedBindings.elements.map(element =>
    imported(element.name, (element.propertyName ?? element.name).text, element, ofClause || element.isTypeOnly),
  )
  return [...all, ...named]
}
