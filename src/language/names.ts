import type ts from 'typescript'
import compiler from './compiler.js'
import { isCellBody } from './syntax.js'

/** What an identifier stands for: a top-level name of this cell, a name from elsewhere, or nothing to rewrite. */
export type Target = 'cell' | 'free' | undefined

/**
 * Resolves the identifiers of a cell's JavaScript.
 * @param topLevel names the cell declares
 * @param own top-level names that the compiler has made up, which stay local variables
 */
export function resolver(
  topLevel: ReadonlyMap<string, unknown>,
  own: ReadonlySet<string>,
  isDeclared: (name: string) => boolean,
) {
  const locals = new Map<ts.Node, ReadonlySet<string>>()
  const localsOf = (scope: ts.Node) => {
    const names = locals.get(scope) ?? new Set(localNames(scope))
    locals.set(scope, names)
    return names
  }

  return {
    of: (node: ts.Identifier): Target => (isValue(node) ? target(node) : undefined),
    shorthand: (node: ts.ShorthandPropertyAssignment): Target => target(node.name),
    /** In `catch (a) { var a = 1 }` the value is the error's variable's. */
    declares: (node: ts.Identifier): boolean => target(node) === 'cell',
  }

  function target(node: ts.Identifier): Target {
    const name = node.text
    for (let inner: ts.Node = node, scope = node.parent; !isCellBody(scope); inner = scope, scope = scope.parent) {
      // `{ [a](a) {} }`: a computed name lies outside of what it names
      const isName = compiler.isComputedPropertyName(inner) && !compiler.isClassLike(scope)
      if (!isName && localsOf(scope).has(name)) return undefined
    }
    if (topLevel.has(name)) return 'cell'
    if (own.has(name)) return undefined
    return natives.has(name) && !isDeclared(name) ? undefined : 'free'
  }
}

/** The names that a node brings for what is inside it. */
export function* localNames(node: ts.Node): Iterable<string> {
  if (compiler.isFunctionLike(node)) {
    if (!compiler.isArrowFunction(node)) yield 'arguments'
    if (compiler.isFunctionExpression(node) && node.name) yield node.name.text
    for (const { name } of node.parameters) yield* boundNames(name as ts.BindingName)
  } else if (compiler.isBlock(node)) {
    if (compiler.isFunctionLike(node.parent) || compiler.isClassStaticBlockDeclaration(node.parent))
      yield* varNames(node)
    yield* lexicalNames(node.statements)
  } else if (compiler.isCaseBlock(node)) {
    for (const { statements } of node.clauses) yield* lexicalNames(statements)
  } else if (compiler.isForStatement(node) || compiler.isForInStatement(node) || compiler.isForOfStatement(node)) {
    if (node.initializer) yield* lexicalNames([node.initializer])
  } else if (compiler.isCatchClause(node)) {
    if (node.variableDeclaration) yield* boundNames(node.variableDeclaration.name)
  } else if (compiler.isClassLike(node)) {
    // inside its own body a class is an inner constant, whatever becomes of the outer name
    if (node.name) yield node.name.text
  } else if (compiler.isPropertyDeclaration(node) || compiler.isClassStaticBlockDeclaration(node)) {
    // no variable there, but an error that V8 finds
    yield 'arguments'
  }
}

/** What `let`, `const`, `class` and `function` declare in a block or the head of a loop. */
function* lexicalNames(nodes: readonly ts.Node[]): Iterable<string> {
  for (const node of nodes) {
    const list = compiler.isVariableStatement(node) ? node.declarationList : node
    if (compiler.isVariableDeclarationList(list)) {
      if (list.flags & compiler.NodeFlags.BlockScoped) for (const { name } of list.declarations) yield* boundNames(name)
    } else if ((compiler.isFunctionDeclaration(node) || compiler.isClassDeclaration(node)) && node.name)
      yield node.name.text
  }
}

/** What `var` declares anywhere in a function's body. */
function* varNames(body: ts.Node): Iterable<string> {
  for (const list of varLists(body)) for (const { name } of list.declarations) yield* boundNames(name)
}

/** Lists of `var` in a node, at any depth, those of inner functions left out. */
export function varLists(node: ts.Node): ts.VariableDeclarationList[] {
  const lists: ts.VariableDeclarationList[] = []
  const visit = (child: ts.Node) => {
    if (compiler.isFunctionLike(child) || compiler.isClassLike(child)) return
    if (compiler.isVariableDeclarationList(child) && !(child.flags & compiler.NodeFlags.BlockScoped)) lists.push(child)
    compiler.forEachChild(child, visit)
  }
  compiler.forEachChild(node, visit)
  return lists
}

export function boundNames(name: ts.BindingName): string[] {
  if (compiler.isIdentifier(name)) return [name.text]
  return name.elements.flatMap(element => (compiler.isOmittedExpression(element) ? [] : boundNames(element.name)))
}

/** Whether an identifier is a variable's name where a value stands, not a property's, a label's or a declaration's. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node
  if (compiler.isPropertyAccessExpression(parent)) return parent.expression === node
  if (compiler.isPropertyAssignment(parent) || compiler.isPropertyDeclaration(parent))
    return parent.initializer === node
  if (compiler.isBindingElement(parent)) return parent.initializer === node
  if (compiler.isVariableDeclaration(parent) || compiler.isParameter(parent)) return parent.initializer === node
  if (compiler.isMethodDeclaration(parent) || compiler.isAccessor(parent)) return false
  if (compiler.isFunctionDeclaration(parent) || compiler.isFunctionExpression(parent) || compiler.isClassLike(parent))
    return false
  if (
    compiler.isLabeledStatement(parent) ||
    compiler.isBreakOrContinueStatement(parent) ||
    compiler.isMetaProperty(parent)
  )
    return false
  return true
}

/** How a variable is used where its name stands. */
export function useOf(node: ts.Identifier): { reads: boolean; writes: boolean } {
  let target: ts.Node = node
  for (let { parent } = node; parent; target = parent, parent = parent.parent) {
    if (compiler.isParenthesizedExpression(parent)) continue
    if (compiler.isPrefixUnaryExpression(parent) || compiler.isPostfixUnaryExpression(parent)) {
      const { operator } = parent
      const counts = operator === compiler.SyntaxKind.PlusPlusToken || operator === compiler.SyntaxKind.MinusMinusToken
      return { reads: true, writes: counts }
    }
    if (compiler.isForInStatement(parent) || compiler.isForOfStatement(parent)) {
      const writes = parent.initializer === target
      return { reads: !writes, writes }
    }
    if (compiler.isBinaryExpression(parent)) {
      const { kind } = parent.operatorToken
      const writes = parent.left === target && isAssignment(kind)
      return { reads: !writes || kind !== compiler.SyntaxKind.EqualsToken, writes }
    }
    // a pattern of an assignment looks like the value it takes apart
    const isPattern =
      compiler.isArrayLiteralExpression(parent) ||
      compiler.isObjectLiteralExpression(parent) ||
      compiler.isSpreadElement(parent) ||
      compiler.isSpreadAssignment(parent) ||
      (compiler.isPropertyAssignment(parent) && parent.initializer === target) ||
      (compiler.isShorthandPropertyAssignment(parent) && parent.name === target)
    if (!isPattern) break
  }
  return { reads: true, writes: false }
}

const isAssignment = (kind: ts.SyntaxKind) =>
  kind >= compiler.SyntaxKind.FirstAssignment && kind <= compiler.SyntaxKind.LastAssignment

/** The language's own globals, and what compiled code calls: V8 resolves them itself. */
const natives = new Set(
  `AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError FinalizationRegistry
  Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise
  Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array
  Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly decodeURI decodeURIComponent encodeURI encodeURIComponent
  escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape __cell __new __run`.split(/\s+/),
)
