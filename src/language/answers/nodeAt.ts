import type ts from 'typescript'
import compiler from '../compiler.js'

/** The innermost node that begins at an offset. */
export function nodeAt(file: ts.SourceFile, offset: number): ts.Node | undefined {
  let found: ts.Node | undefined
  const search = (node: ts.Node): void => {
    if (node.getStart(file) === offset) found = node
    if (node.pos <= offset && offset < node.end) compiler.forEachChild(node, search)
  }
  search(file)
  return found
}
