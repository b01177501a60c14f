import type ts from 'typescript'
import compiler from './compiler.js'

/** What an identifier stands for: a top-level name of this cell, a name from elsewhere, or nothing to rewrite. */
export type Target = 'cell' | 'free' | undefined

/** Resolves identifiers by TypeScript's own checker, without libraries: scopes, hoisting and shadowing are its business. */
export function resolver(file: ts.SourceFile, topLevel: ReadonlySet<ts.Node>, isDeclared: (name: string) => boolean) {
  const checker = checkerOf(file)

  return {
    of: (node: ts.Identifier): Target => (isValue(node) ? target(node, checker.getSymbolAtLocation(node)) : undefined),
    shorthand: (node: ts.ShorthandPropertyAssignment): Target =>
      target(node.name, checker.getShorthandAssignmentValueSymbol(node)),
  }

  function target(node: ts.Identifier, symbol: ts.Symbol | undefined): Target {
    const declarations = symbol?.declarations
    if (!declarations?.length) return natives.has(node.text) && !isDeclared(node.text) ? undefined : 'free'
    const declaration = declarations.find(declaration => topLevel.has(declaration))
    if (!declaration) return undefined
    // inside its own body a class is an inner constant, whatever becomes of the outer name
    if (compiler.isClassDeclaration(declaration) && compiler.findAncestor(node, parent => parent === declaration))
      return undefined
    return 'cell'
  }
}

/** TypeScript's checker for one file that knows no other: what it does not declare has no symbol. */
export function checkerOf(file: ts.SourceFile): ts.TypeChecker {
  const options: ts.CompilerOptions = {
    noLib: true,
    noResolve: true,
    types: [],
    target: compiler.ScriptTarget.ESNext,
    moduleDetection: compiler.ModuleDetectionKind.Force,
  }
  const host: ts.CompilerHost = {
    getSourceFile: name => (name === file.fileName ? file : undefined),
    fileExists: name => name === file.fileName,
    readFile: () => undefined,
    writeFile: () => {},
    getDefaultLibFileName: () => 'lib.d.ts',
    getCurrentDirectory: () => '',
    getCanonicalFileName: name => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  }
  return compiler.createProgram([file.fileName], options, host).getTypeChecker()
}

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

/** The language's own globals, and what compiled code calls: V8 resolves them itself. */
const natives = new Set(
  `AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError FinalizationRegistry
  Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise
  Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array
  Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly arguments decodeURI decodeURIComponent encodeURI encodeURIComponent
  escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape __cell __new __run`.split(/\s+/),
)
