import type ts from 'typescript'
import compiler from './compiler.js'
import { collectDeclarations } from './declarations.js'
import { editor } from './editor.js'
import { importCall } from './imports.js'
import { type JavaScript, offsetInCell, parseCell } from './javascript.js'
import { resolver, type Target, useOf } from './names.js'
import { insertStops } from './stops.js'
import {
  functionAround,
  isAnonymousFunction,
  isNamingAssignment,
  isShellCall,
  lacksSemicolon,
  lastStatement,
  reserved,
  withoutParentheses,
} from './syntax.js'

/**
 * JavaScript of a cell → the body of an async function in which every top-level name is a property of `__cell`, the session's scope.
 * So a name lives on, later cells may declare it again, and closures see what it is now; names inside functions stay V8's own,
 * at full speed. (`with` would need fewer edits, but makes each outer name, globals too, some ten times slower.)
 */
export function rewriteBindings(
  { code: javascript, isOwn }: JavaScript,
  isDeclared: (name: string) => boolean,
  failAt: (message: string, offset: number) => never,
) {
  const { file, body } = parseCell(javascript, true)
  const fail = (message: string, node: ts.Node) => failAt(message, offsetInCell(node.getStart()))
  const { lists, declared, own } = collectDeclarations(body, isOwn, fail)
  const names = resolver(declared, own, isDeclared)
  const edits = editor(file.text)
  const free = new Set<string>()
  const reads = new Set<string>()
  const writes = new Set(declared.keys())
  const last = lastStatement(body.statements)
  // an import below shell lines waits for them: `!npm install` may bring what it names
  const firstStatement = body.statements.findIndex(node => !compiler.isImportDeclaration(node) && !isShellCall(node))

  for (const [index, statement] of body.statements.entries()) {
    const hoisted =
      (compiler.isImportDeclaration(statement) && index > firstStatement) ||
      (compiler.isFunctionDeclaration(statement) && statement.name)
    if (hoisted) edits.hoist(statement, () => visit(statement))
    else visit(statement)
  }

  const rendered = edits.render(
    { start: body.statements.pos, end: body.end - 1 },
    '(function (__cell, __new, __run) { return (async function () { "use strict"; ',
    '\n})(); })',
  )
  return {
    ...rendered,
    declared: [...declared.values()],
    free: [...free],
    reads: [...reads],
    writes: [...writes],
  }

  function visitChildren(node: ts.Node) {
    compiler.forEachChild(node, visit)
  }

  function visit(node: ts.Node): void {
    if (compiler.isIdentifier(node)) reference(node)
    else if (compiler.isImportDeclaration(node)) edits.replace(node, importCall(node))
    // `export { a }` needs nothing at all
    else if (compiler.isExportDeclaration(node)) edits.replace(node, node.moduleSpecifier ? importCall(node) : '')
    else if (compiler.isExportAssignment(node)) defaultExport(node)
    else if ((compiler.isFunctionDeclaration(node) || compiler.isClassDeclaration(node)) && node.parent === body)
      declaration(node)
    else if (compiler.isExpressionStatement(node) && node === last) result(node.expression)
    else if (compiler.isVariableStatement(node)) {
      dropExport(node)
      variables(node.declarationList)
    } else if (compiler.isVariableDeclarationList(node)) variables(node)
    else if (compiler.isShorthandPropertyAssignment(node)) shorthand(node)
    else if (compiler.isCallExpression(node) || compiler.isTaggedTemplateExpression(node)) call(node)
    else if (compiler.isTypeOfExpression(node)) typeOf(node)
    else if (compiler.isDeleteExpression(node)) deletion(node)
    else if (compiler.isMetaProperty(node)) metaProperty(node)
    else if (
      compiler.isBinaryExpression(node) &&
      isNamingAssignment(node.operatorToken.kind) &&
      compiler.isIdentifier(node.left)
    ) {
      visit(node.left)
      named(node.left.text, node.right, !!names.of(node.left))
    } else if (!insertStops(node, edits, visit)) {
      if (compiler.isReturnStatement(node) && !functionAround(node, true))
        fail("A 'return' statement can only be used within a function body.", node)
      visitChildren(node)
    }
    if (lacksSemicolon(node, file.text)) edits.insert(node.end, ';')
  }

  /** An identifier that stands for a value, not a property's or a label's name. */
  function reference(node: ts.Identifier) {
    const target = names.of(node)
    if (!target) return
    use(node, target)
    edits.replace(node, `__cell.${node.text}`)
  }

  function use(node: ts.Identifier, target: Target) {
    const message = reserved(node.text)
    if (message) fail(message, node)
    if (target !== 'free') return
    free.add(node.text)
    const use = useOf(node)
    if (use.reads) reads.add(node.text)
    if (use.writes) writes.add(node.text)
  }

  function shorthand(node: ts.ShorthandPropertyAssignment) {
    const { text } = node.name
    const target = names.shorthand(node)
    if (target) {
      use(node.name, target)
      edits.replace(node.name, `${propertyKey(text)}: __cell.${text}`)
    }
    if (node.objectAssignmentInitializer) named(text, node.objectAssignmentInitializer, !!target)
  }

  /** `typeof name` is no error where there is no such name. */
  function typeOf(node: ts.TypeOfExpression) {
    const operand = withoutParentheses(node.expression)
    if (!compiler.isIdentifier(operand) || names.of(operand) !== 'free') return visitChildren(node)
    use(operand, 'free')
    edits.replace(node, `__run.typeof("${operand.text}")`)
  }

  function deletion(node: ts.DeleteExpression) {
    const operand = withoutParentheses(node.expression)
    if (compiler.isIdentifier(operand)) fail('Delete of an unqualified identifier in strict mode.', operand)
    visitChildren(node)
  }

  function metaProperty(node: ts.MetaProperty) {
    if (node.keywordToken === compiler.SyntaxKind.ImportKeyword) edits.replace(node, '__run.meta')
    else if (!functionAround(node, false)) fail('new.target expression is not allowed here', node)
  }

  /** `f()` calls without a `this`, as it would if `f` were no property. */
  function call(node: ts.CallExpression | ts.TaggedTemplateExpression) {
    const callee = withoutParentheses(compiler.isCallExpression(node) ? node.expression : node.tag)
    if (callee.kind === compiler.SyntaxKind.ImportKeyword) {
      edits.replace(callee, '__run.import')
    } else if (compiler.isIdentifier(callee)) {
      const target = names.of(callee)
      if (target) {
        use(callee, target)
        edits.replace(callee, `(0, __cell.${callee.text})`)
      }
    } else visit(callee)
    if (compiler.isCallExpression(node)) for (const argument of node.arguments) visit(argument)
    else visit(node.template)
  }

  /** A function or class at the top level, `export default class {}` too. */
  function declaration(node: ts.FunctionDeclaration | ts.ClassDeclaration) {
    if (node.name && own.has(node.name.text)) return visitChildren(node)
    const start = node.getStart()
    if (node.name) {
      edits.insert(start, `${compiler.isClassDeclaration(node) ? '__new' : '__cell'}.${node.name.text} = `)
      dropExport(node)
      visitChildren(node)
      return edits.insert(node.end, ';')
    }
    if (!node.modifiers?.length) fail('Identifier expected', node)
    edits.insert(start, `${node === last ? 'return ' : ''}({ default: `)
    dropExport(node)
    visitChildren(node)
    edits.insert(node.end, ' }.default);')
  }

  function defaultExport(node: ts.ExportAssignment) {
    edits.replaceRange(node.getStart(), node.expression.getStart(), node === last ? 'return (' : '(')
    named('default', node.expression, true)
    edits.insert(node.expression.end, ')')
  }

  function result(expression: ts.Expression) {
    // disposal of a `using` waits for a promise
    const isInTry = expression.parent.parent !== body
    edits.insert(expression.getStart(), isInTry ? 'return __run.resumed(await (' : 'return (')
    visit(expression)
    edits.insert(expression.end, isInTry ? '))' : ')')
  }

  /** `const {a, b: [c]} = f(), d = 1` → `({a: __new.a, b: [__new.c]} = f()), (__new.d = 1)`. */
  function variables(list: ts.VariableDeclarationList) {
    const local = list.declarations.filter(({ name }) => compiler.isIdentifier(name) && own.has(name.text))
    if (!lists.has(list) || local.length === list.declarations.length) return visitChildren(list)
    const inFor = compiler.isForInStatement(list.parent) || compiler.isForOfStatement(list.parent)
    const scope = list.flags & compiler.NodeFlags.BlockScoped ? '__new' : '__cell'
    edits.replaceRange(list.getStart(), list.declarations[0].getStart(), '')
    // the compiler declares its names by the side of the cell's only without values
    if (local.length) edits.insert(list.getStart(), `var ${local.map(({ name }) => name.getText()).join(', ')}; `)
    for (const declaration of list.declarations) {
      const { name, initializer } = declaration
      const start = declaration.getStart()
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
    if (compiler.isIdentifier(name)) {
      if (names.declares(name)) edits.replace(name, `${scope}.${name.text}`)
    } else
      for (const element of name.elements) {
        if (compiler.isOmittedExpression(element)) continue
        if (element.propertyName) {
          if (compiler.isComputedPropertyName(element.propertyName)) visit(element.propertyName)
        } else if (compiler.isObjectBindingPattern(name) && !element.dotDotDotToken)
          edits.insert(element.name.getStart(), `${(element.name as ts.Identifier).text}: `)
        pattern(element.name, scope)
        if (!element.initializer) continue
        if (compiler.isIdentifier(element.name)) named(element.name.text, element.initializer, true)
        else visit(element.initializer)
      }
  }

  /** A nameless function or class takes the name it is assigned to; a property would give it none. */
  function named(name: string, value: ts.Expression, rewritten: boolean) {
    const anonymous = rewritten && isAnonymousFunction(withoutParentheses(value))
    if (anonymous) edits.insert(value.getStart(), `{ ${propertyKey(name)}: `)
    visit(value)
    if (anonymous) edits.insert(value.end, ` }.${name}`)
  }

  function dropExport(node: ts.HasModifiers) {
    for (const modifier of node.modifiers ?? [])
      if (modifier.kind === compiler.SyntaxKind.ExportKeyword || modifier.kind === compiler.SyntaxKind.DefaultKeyword)
        edits.replace(modifier, '')
  }
}

/** In a literal, `__proto__: value` is no property. */
const propertyKey = (name: string) => (name === '__proto__' ? '["__proto__"]' : name)
