import type ts from 'typescript'
import compiler from './compiler.js'
import type { Declared } from './transform.js'

/** The nodes that declare top-level names: lists of variables, and each name's own declaration. */
export function collectDeclarations(file: ts.SourceFile, fail: (message: string, offset: number) => never) {
  const declarations = new Set<ts.Node>()
  const declared = new Map<string, Declared>()

  for (const statement of file.statements) {
    if (compiler.isVariableStatement(statement)) list(statement.declarationList)
    else if (compiler.isFunctionDeclaration(statement) && statement.name) add(statement, statement.name, 'function')
    else if (compiler.isClassDeclaration(statement) && statement.name) add(statement, statement.name, 'class')
    else if (compiler.isImportDeclaration(statement)) {
      const clause = statement.importClause
      if (clause?.name) add(clause, clause.name, 'import')
      const bindings = clause?.namedBindings
      if (bindings && compiler.isNamespaceImport(bindings)) add(bindings, bindings.name, 'import')
      else for (const element of bindings?.elements ?? []) add(element, element.name, 'import')
    } else nestedVars(statement)
  }
  return { declarations, declared: [...declared.values()] }

  function list(node: ts.VariableDeclarationList) {
    const blockScoped = node.flags & compiler.NodeFlags.BlockScoped
    const kind = !blockScoped ? 'var' : blockScoped === compiler.NodeFlags.Const ? 'const' : 'let'
    if (node.declarations.some(({ name }) => compiler.isIdentifier(name) && isHelper(name.text))) return
    declarations.add(node)
    const inFor = compiler.isForInStatement(node.parent) || compiler.isForOfStatement(node.parent)
    for (const declaration of node.declarations) {
      const needsValue = kind === 'const' || !compiler.isIdentifier(declaration.name)
      if (needsValue && !declaration.initializer && !inFor)
        fail(
          `Missing initializer in ${kind === 'const' ? 'const' : 'destructuring'} declaration`,
          declaration.name.getStart(file),
        )
      bindingNames(declaration, kind)
    }
  }

  function bindingNames(node: ts.VariableDeclaration | ts.BindingElement, kind: Declared['kind']) {
    if (compiler.isIdentifier(node.name)) add(node, node.name, kind)
    else
      for (const element of node.name.elements) if (!compiler.isOmittedExpression(element)) bindingNames(element, kind)
  }

  /** `var` inside a block or loop is the cell's, as a function's would be the function's. */
  function nestedVars(node: ts.Node) {
    if (compiler.isFunctionLike(node) || compiler.isClassLike(node)) return
    if (compiler.isVariableDeclarationList(node) && !(node.flags & compiler.NodeFlags.BlockScoped)) list(node)
    compiler.forEachChild(node, nestedVars)
  }

  function add(node: ts.Node, name: ts.Identifier, kind: Declared['kind']) {
    declarations.add(node)
    const before = declared.get(name.text)
    const mayRepeat = (k: Declared['kind']) => k === 'var' || k === 'function'
    if (before && !(mayRepeat(before.kind) && mayRepeat(kind)))
      fail(`Identifier '${name.text}' has already been declared`, name.getStart(file))
    if (before?.kind !== 'function') declared.set(name.text, { name: name.text, kind })
  }
}

/** Helpers that TypeScript itself writes for decorators and `using`: they stay local to the cell. */
const isHelper = (name: string) =>
  /^__(addDisposableResource|disposeResources|esDecorate|runInitializers|setFunctionName|propKey|rewriteRelativeImportExtension)$/.test(
    name,
  )
