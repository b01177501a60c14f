import type ts from 'typescript'
import compiler from './compiler.js'

/** The body of the function as which the cell was parsed. */
export const isCellBody = (node: ts.Node) => !!node.parent?.parent && compiler.isSourceFile(node.parent.parent)

/** The statement that gives the cell its value, if it is an expression. */
export function lastStatement(statements: readonly ts.Statement[]): ts.Statement | undefined {
  const last = statements.findLast(statement => !isEmpty(statement))
  // `using` puts all that follows it into a try statement, which the compiler ends so
  const isUsing =
    last && compiler.isTryStatement(last) && /\b__disposeResources\(/.test(last.finallyBlock?.getText() ?? '')
  return isUsing ? lastStatement(last.tryBlock.statements) : last
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

export const isShellCall = (statement: ts.Statement) => /^await __run\.shell\(/.test(statement.getText())

/** Assignments that give a nameless function its name. */
export const isNamingAssignment = (kind: ts.SyntaxKind) =>
  kind === compiler.SyntaxKind.EqualsToken ||
  kind === compiler.SyntaxKind.BarBarEqualsToken ||
  kind === compiler.SyntaxKind.AmpersandAmpersandEqualsToken ||
  kind === compiler.SyntaxKind.QuestionQuestionEqualsToken

export function isAnonymousFunction(value: ts.Node): boolean {
  return (
    compiler.isArrowFunction(value) ||
    ((compiler.isFunctionExpression(value) ||
      compiler.isClassExpression(value) ||
      compiler.isFunctionDeclaration(value) ||
      compiler.isClassDeclaration(value)) &&
      !value.name)
  )
}

export function withoutParentheses(value: ts.Expression): ts.Expression {
  let bare = value
  while (compiler.isParenthesizedExpression(bare)) bare = bare.expression
  return bare
}

/** Whether the text of a statement or a field ends by a line's end alone, which an edit of what follows would undo. */
export function lacksSemicolon(node: ts.Node, text: string): boolean {
  return endsWithSemicolon.has(node.kind) && text[node.end - 1] !== ';'
}

const endsWithSemicolon = new Set([
  compiler.SyntaxKind.VariableStatement,
  compiler.SyntaxKind.ExpressionStatement,
  compiler.SyntaxKind.DoStatement,
  compiler.SyntaxKind.ContinueStatement,
  compiler.SyntaxKind.BreakStatement,
  compiler.SyntaxKind.ReturnStatement,
  compiler.SyntaxKind.ThrowStatement,
  compiler.SyntaxKind.DebuggerStatement,
  compiler.SyntaxKind.PropertyDeclaration,
  compiler.SyntaxKind.ImportDeclaration,
  compiler.SyntaxKind.ExportDeclaration,
  compiler.SyntaxKind.ExportAssignment,
])

/** The function around a node, whose `return` or, without arrow functions, whose `new.target` it is. */
export function functionAround(node: ts.Node, arrows: boolean): ts.Node | undefined {
  return compiler.findAncestor(node.parent, parent =>
    isCellBody(parent)
      ? 'quit'
      : (compiler.isFunctionLike(parent) && (arrows || !compiler.isArrowFunction(parent))) ||
        compiler.isClassStaticBlockDeclaration(parent) ||
        compiler.isPropertyDeclaration(parent),
  )
}

/** V8's message for a name that no variable of a module may have. */
export function reserved(name: string): string | undefined {
  if (name === 'await') return 'Unexpected reserved word'
  return strictWords.has(name) ? 'Unexpected strict mode reserved word' : undefined
}

const strictWords = new Set('implements interface let package private protected public static yield'.split(' '))
