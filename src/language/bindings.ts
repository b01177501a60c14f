import type ts from 'typescript'
import compiler from './compiler.js'
import { collectDeclarations } from './declarations.js'
import { editor } from './editor.js'
import { resolver } from './names.js'

/**
 * JavaScript of a cell → the body of an async function in which every top-level name is a property of `__cell`, the session's scope.
 * So a name lives on, later cells may declare it again, and closures see what it is now; names inside functions stay V8's own,
 * at full speed. (`with` would need fewer edits, but makes each outer name, globals too, some ten times slower.)
 */
export function rewriteBindings(
  javascript: string,
  isDeclared: (name: string) => boolean,
  fail: (message: string, offset: number) => never,
) {
  const file = compiler.createSourceFile(
    'cell.ts',
    javascript,
    compiler.ScriptTarget.ESNext,
    true,
    compiler.ScriptKind.TS,
  )
  const { declarations, declared } = collectDeclarations(file, fail)
  const names = resolver(file, declarations, isDeclared)
  const edits = editor(javascript)
  const free = new Set<string>()
  const last = file.statements.filter(statement => !isEmpty(statement)).at(-1)
  // an import below shell lines waits for them: `!npm install` may bring what it names
  const body = file.statements.findIndex(node => !compiler.isImportDeclaration(node) && !isShellCall(node))

  for (const [index, statement] of file.statements.entries()) {
    if (compiler.isImportDeclaration(statement)) {
      const load = () => edits.replace(statement, importCall(statement))
      if (index < body) load()
      else edits.hoist(statement, load)
    } else if (compiler.isExportDeclaration(statement)) {
      const call = reexportCall(statement)
      edits.replace(statement, call ?? '')
    } else if (
      (compiler.isFunctionDeclaration(statement) || compiler.isClassDeclaration(statement)) &&
      !statement.name
    ) {
      // `export default function () {}`
      if (!statement.modifiers?.length) fail('Identifier expected', statement.getStart(file))
      edits.insert(statement.getStart(file), statement === last ? 'return (' : '(')
      dropExport(statement)
      visitChildren(statement)
      edits.insert(statement.end, ');')
    } else if (compiler.isFunctionDeclaration(statement) && statement.name) {
      edits.hoist(statement, () => {
        edits.insert(statement.getStart(file), `__cell.${statement.name!.text} = `)
        dropExport(statement)
        visitChildren(statement)
        edits.insert(statement.end, ';')
      })
    } else if (compiler.isClassDeclaration(statement) && statement.name) {
      edits.insert(statement.getStart(file), `__new.${statement.name.text} = `)
      dropExport(statement)
      visitChildren(statement)
      edits.insert(statement.end, ';')
    } else if (compiler.isExportAssignment(statement)) {
      const { expression } = statement
      edits.replaceRange(statement.getStart(file), expression.getStart(file), statement === last ? 'return (' : '(')
      visit(expression)
      edits.insert(expression.end, ')')
    } else if (compiler.isExpressionStatement(statement) && statement === last && !isDirective(statement)) {
      edits.insert(statement.getStart(file), 'return (')
      visit(statement.expression)
      edits.insert(statement.expression.end, ')')
    } else visit(statement)
  }

  const rendered = edits.render(
    '(function (__cell, __new, __run) { return (async function () { "use strict"; ',
    '\n})(); })',
  )
  return { code: rendered.code, originalOffset: rendered.originalOffset, declared, free: [...free] }

  function visitChildren(node: ts.Node) {
    compiler.forEachChild(node, visit)
  }

  function visit(node: ts.Node): void {
    if (compiler.isIdentifier(node)) reference(node)
    else if (compiler.isVariableStatement(node)) {
      dropExport(node)
      variables(node.declarationList)
    } else if (compiler.isVariableDeclarationList(node)) variables(node)
    else if (compiler.isShorthandPropertyAssignment(node)) shorthand(node)
    else if (compiler.isCallExpression(node) || compiler.isTaggedTemplateExpression(node)) call(node)
    else if (compiler.isTypeOfExpression(node)) typeOf(node)
    else if (compiler.isMetaProperty(node)) {
      if (node.keywordToken === compiler.SyntaxKind.ImportKeyword) edits.replace(node, '__run.meta')
    } else if (
      compiler.isBinaryExpression(node) &&
      isAssignment(node.operatorToken.kind) &&
      compiler.isIdentifier(node.left)
    ) {
      visit(node.left)
      named(node.left.text, node.right, !!names.of(node.left))
    } else if (compiler.isCatchClause(node)) catchClause(node)
    else {
      if (compiler.isReturnStatement(node) && !isInFunction(node))
        fail("A 'return' statement can only be used within a function body.", node.getStart(file))
      visitChildren(node)
    }
  }

  /** An identifier that stands for a value, not a property's or a label's name. */
  function reference(node: ts.Identifier) {
    const target = names.of(node)
    if (!target) return
    note(node.text, target)
    edits.replace(node, `__cell.${node.text}`)
  }

  function note(name: string, target: 'cell' | 'free') {
    if (target === 'free') free.add(name)
  }

  function shorthand(node: ts.ShorthandPropertyAssignment) {
    const { text } = node.name
    const target = names.shorthand(node)
    if (target) {
      note(text, target)
      edits.replace(node.name, `${text}: __cell.${text}`)
    }
    if (node.objectAssignmentInitializer) named(text, node.objectAssignmentInitializer, !!target)
  }

  /** `typeof name` is no error where there is no such name. */
  function typeOf(node: ts.TypeOfExpression) {
    const { expression } = node
    if (!compiler.isIdentifier(expression) || names.of(expression) !== 'free') return visitChildren(node)
    free.add(expression.text)
    edits.replace(node, `__run.typeof("${expression.text}")`)
  }

  function catchClause({ variableDeclaration, block }: ts.CatchClause) {
    if (variableDeclaration) visit(variableDeclaration)
    if (variableDeclaration && compiler.isIdentifier(variableDeclaration.name))
      edits.insert(block.getStart(file) + 1, ` __run.caught(${variableDeclaration.name.text});`)
    visitChildren(block)
  }

  /** `f()` calls without a `this`, as it would if `f` were no property. */
  function call(node: ts.CallExpression | ts.TaggedTemplateExpression) {
    const callee = withoutParentheses(compiler.isCallExpression(node) ? node.expression : node.tag)
    if (callee.kind === compiler.SyntaxKind.ImportKeyword) {
      edits.replace(callee, '__run.import')
    } else if (compiler.isIdentifier(callee)) {
      const target = names.of(callee)
      if (target) {
        note(callee.text, target)
        edits.replace(callee, `(0, __cell.${callee.text})`)
      }
    } else visit(callee)
    if (compiler.isCallExpression(node)) for (const argument of node.arguments) visit(argument)
    else visit(node.template)
  }

  /** `const {a, b: [c]} = f(), d = 1` → `({a: __new.a, b: [__new.c]} = f()), (__new.d = 1)`. */
  function variables(list: ts.VariableDeclarationList) {
    if (!declarations.has(list)) return visitChildren(list)
    const inFor = compiler.isForInStatement(list.parent) || compiler.isForOfStatement(list.parent)
    const scope = list.flags & compiler.NodeFlags.BlockScoped ? '__new' : '__cell'
    edits.replaceRange(list.getStart(file), list.declarations[0].getStart(file), '')
    for (const declaration of list.declarations) {
      const { name, initializer } = declaration
      const start = declaration.getStart(file)
      if (inFor) pattern(name, scope)
      else if (initializer) {
        edits.insert(start, '(')
        pattern(name, scope)
        if (compiler.isIdentifier(name)) named(name.text, initializer, true)
        else visit(initializer)
        edits.insert(declaration.end, ')')
      } else if (scope === '__new') edits.replace(declaration, `__new.${(name as ts.Identifier).text} = undefined`)
      else edits.replace(declaration, compiler.isVariableStatement(list.parent) ? 'undefined' : '0')
    }
  }

  /** A binding pattern as an assignment pattern. */
  function pattern(name: ts.BindingName, scope: string) {
    if (compiler.isIdentifier(name)) edits.replace(name, `${scope}.${name.text}`)
    else
      for (const element of name.elements) {
        if (compiler.isOmittedExpression(element)) continue
        if (element.propertyName) {
          if (compiler.isComputedPropertyName(element.propertyName)) visit(element.propertyName)
        } else if (compiler.isObjectBindingPattern(name) && !element.dotDotDotToken)
          edits.insert(element.name.getStart(file), `${(element.name as ts.Identifier).text}: `)
        pattern(element.name, scope)
        if (!element.initializer) continue
        if (compiler.isIdentifier(element.name)) named(element.name.text, element.initializer, true)
        else visit(element.initializer)
      }
  }

  /** A nameless function or class takes the name it is assigned to; a property would give it none. */
  function named(name: string, value: ts.Expression, rewritten: boolean) {
    const anonymous = rewritten && isAnonymousFunction(value)
    if (anonymous) edits.insert(value.getStart(file), `{ ${name}: `)
    visit(value)
    if (anonymous) edits.insert(value.end, ` }.${name}`)
  }

  function dropExport(node: ts.HasModifiers) {
    for (const modifier of node.modifiers ?? [])
      if (modifier.kind === compiler.SyntaxKind.ExportKeyword || modifier.kind === compiler.SyntaxKind.DefaultKeyword)
        edits.replace(modifier, '')
  }
}

function isEmpty(statement: ts.Statement): boolean {
  return (
    compiler.isEmptyStatement(statement) ||
    (compiler.isExportDeclaration(statement) &&
      !!statement.exportClause &&
      compiler.isNamedExports(statement.exportClause) &&
      !statement.moduleSpecifier)
  )
}

const isShellCall = (statement: ts.Statement) => /^await __run\.shell\(/.test(statement.getText())

const isDirective = (statement: ts.ExpressionStatement) =>
  compiler.isStringLiteral(statement.expression) && statement.expression.text === 'use strict'

const isAssignment = (kind: ts.SyntaxKind) =>
  kind === compiler.SyntaxKind.EqualsToken ||
  kind === compiler.SyntaxKind.BarBarEqualsToken ||
  kind === compiler.SyntaxKind.AmpersandAmpersandEqualsToken ||
  kind === compiler.SyntaxKind.QuestionQuestionEqualsToken

function isAnonymousFunction(value: ts.Expression): boolean {
  const bare = withoutParentheses(value)
  return (
    compiler.isArrowFunction(bare) ||
    ((compiler.isFunctionExpression(bare) || compiler.isClassExpression(bare)) && !bare.name)
  )
}

function withoutParentheses(value: ts.Expression): ts.Expression {
  let bare = value
  while (compiler.isParenthesizedExpression(bare)) bare = bare.expression
  return bare
}

const isInFunction = (node: ts.Node) =>
  !!compiler.findAncestor(
    node,
    parent => compiler.isFunctionLike(parent) || compiler.isClassStaticBlockDeclaration(parent),
  )

function importCall(node: ts.ImportDeclaration): string {
  const names: [string, string][] = []
  const { importClause } = node
  if (importClause?.name) names.push([importClause.name.text, 'default'])
  const bindings = importClause?.namedBindings
  if (bindings && compiler.isNamespaceImport(bindings)) names.push([bindings.name.text, '*'])
  else
    for (const { name, propertyName } of bindings?.elements ?? []) names.push([name.text, (propertyName ?? name).text])
  return loadCall(node, names)
}

/** `export { a } from 'x'` loads the module and declares nothing; `export { a }` needs nothing at all. */
function reexportCall(node: ts.ExportDeclaration): string | undefined {
  return node.moduleSpecifier && loadCall(node, [])
}

function loadCall(
  { moduleSpecifier, attributes }: ts.ImportDeclaration | ts.ExportDeclaration,
  names: [string, string][],
) {
  const specifier = (moduleSpecifier as ts.StringLiteral).text
  const pairs = attributes?.elements.map(({ name, value }) => [name.text, (value as ts.StringLiteral).text]) ?? []
  return `await __run.load(${JSON.stringify(specifier)}, ${JSON.stringify(Object.fromEntries(pairs))}, ${JSON.stringify(names)});`
}
