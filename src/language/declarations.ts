import type ts from 'typescript'
import compiler from './compiler.js'
import { boundNames, localNames, varLists } from './names.js'
import { reserved } from './syntax.js'
import type { Declared } from './transform.js'

/**
 * What a cell's JavaScript declares at its top level, and the lists of variables that do it; `own` are the names that the compiler
 * made up (`isOwn`), which stay local variables.
 */
export function collectDeclarations(
  body: ts.Block,
  isOwn: (name: string) => boolean,
  fail: (message: string, node: ts.Node) => never,
) {
  const lists = new Set<ts.VariableDeclarationList>()
  const declared = new Map<string, Declared>()
  const own = new Set<string>()

  for (const statement of body.statements) {
    if (compiler.isVariableStatement(statement)) list(statement.declarationList)
    else if (compiler.isFunctionDeclaration(statement)) add(statement.name, 'function')
    else if (compiler.isClassDeclaration(statement)) add(statement.name, 'class')
    else if (compiler.isImportDeclaration(statement)) {
      const clause = statement.importClause
      add(clause?.name, 'import')
      const bindings = clause?.namedBindings
      if (bindings && compiler.isNamespaceImport(bindings)) add(bindings.name, 'import')
      else for (const { name } of bindings?.elements ?? []) add(name, 'import')
    } else varLists(statement).forEach(nestedVar)
  }
  return { lists, declared, own }

  /** `var` inside a block is the cell's, as a function's would be the function's. */
  function nestedVar(node: ts.VariableDeclarationList) {
    list(node)
    for (const { name } of node.declarations)
      for (const inner of boundNames(name))
        for (let block: ts.Node = node.parent; block !== body; block = block.parent)
          if (!compiler.isCatchClause(block) && [...localNames(block)].includes(inner))
            fail(`Identifier '${inner}' has already been declared`, name)
  }

  function list(node: ts.VariableDeclarationList) {
    const blockScoped = node.flags & compiler.NodeFlags.BlockScoped
    const kind = !blockScoped ? 'var' : blockScoped === compiler.NodeFlags.Const ? 'const' : 'let'
    lists.add(node)
    const inFor = compiler.isForInStatement(node.parent) || compiler.isForOfStatement(node.parent)
    for (const { name, initializer } of node.declarations) {
      const needsValue = kind === 'const' || !compiler.isIdentifier(name)
      if (needsValue && !initializer && !inFor)
        fail(`Missing initializer in ${kind === 'const' ? 'const' : 'destructuring'} declaration`, name)
      bindingNames(name, kind)
    }
  }

  function bindingNames(name: ts.BindingName, kind: Declared['kind']) {
    if (compiler.isIdentifier(name)) add(name, kind)
    else
      for (const element of name.elements) if (!compiler.isOmittedExpression(element)) bindingNames(element.name, kind)
  }

  function add(name: ts.Identifier | undefined, kind: Declared['kind']) {
    if (!name) return
    if (isOwn(name.text)) return own.add(name.text)
    const message =
      name.text === 'eval' || name.text === 'arguments'
        ? 'Unexpected eval or arguments in strict mode'
        : reserved(name.text)
    if (message) fail(message, name)
    const before = declared.get(name.text)
    const mayRepeat = (k: Declared['kind']) => k === 'var' || k === 'function'
    if (before && !(mayRepeat(before.kind) && mayRepeat(kind)))
      fail(`Identifier '${name.text}' has already been declared`, name)
    if (before?.kind !== 'function') declared.set(name.text, { name: name.text, kind })
  }
}
