import type ts from 'typescript'
import compiler from './compiler.js'
import type { Editor } from './editor.js'
import { functionAround } from './syntax.js'

/**
 * Makes a cell that was stopped end wherever it would go on after a wait: behind `await`, in and behind `for await`, where an asynchronous
 * generator is asked for more, and at the head of `catch`, which would swallow the stop and try again for ever.
 * @returns whether the node is one of these, whose children have been visited then
 */
export function insertStops(node: ts.Node, edits: Editor, visit: (node: ts.Node) => void): boolean {
  const visitChildren = () => compiler.forEachChild(node, visit)
  if ((compiler.isAwaitExpression(node) || compiler.isYieldExpression(node)) && isInAsync(node)) {
    edits.insert(node.getStart(), '__run.resumed(')
    visitChildren()
    edits.insert(node.end, ')')
  } else if (compiler.isForOfStatement(node) && node.awaitModifier) {
    let labelled: ts.Node = node
    while (compiler.isLabeledStatement(labelled.parent)) labelled = labelled.parent
    edits.insert(labelled.getStart(), '{ ')
    visit(node.initializer)
    visit(node.expression)
    const { statement } = node
    edits.insert(statement.getStart(), '{ __run.resumed(); ')
    visit(statement)
    edits.insert(node.end, ' } __run.resumed(); }')
  } else if (compiler.isCatchClause(node)) {
    const { variableDeclaration, block } = node
    const name = variableDeclaration?.name
    const start = block.getStart() + 1
    if (!name || compiler.isIdentifier(name)) {
      edits.insert(start, ` __run.caught(${name?.text ?? ''});`)
      visit(block)
    } else {
      // `catch ({ message }) { … }` → `catch (__error) { __run.caught(__error); let { message } = __error; { … } }`
      edits.insert(name.getStart(), '__error) { __run.caught(__error); let ')
      visit(name)
      edits.replaceRange(name.end, start, ' = __error; {')
      visit(block)
      edits.insert(block.end, ' }')
    }
  } else return false
  return true
}

/** In an asynchronous function, or at the cell's top level. */
function isInAsync(node: ts.Node): boolean {
  const around = functionAround(node, true)
  return !around || (compiler.canHaveModifiers(around) && !!around.modifiers?.some(isAsync))
}

const isAsync = ({ kind }: ts.ModifierLike) => kind === compiler.SyntaxKind.AsyncKeyword
