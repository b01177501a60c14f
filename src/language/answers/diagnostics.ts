import type ts from 'typescript'
import compiler from '../compiler.js'
import type { Diagnostic } from '../serverProtocol.js'
import { type VirtualCell, withoutModules } from '../virtualCells.js'
import { nodeAt } from './nodeAt.js'
import { ownRange, type Session } from './session.js'

/** What the compiler finds wrong in a cell; nothing of it keeps the cell from running. */
export function diagnostics(session: Session, { cell: id }: { cell: string }): Diagnostic[] {
  const { service, cells } = session
  const cell = cells.get(id)
  const found = [...service.getSyntacticDiagnostics(cell.fileName), ...service.getSemanticDiagnostics(cell.fileName)]
  const all = cells.all()
  const before = all.slice(0, all.indexOf(cell))
  const after = all.slice(before.length + 1)
  const shown = found.flatMap((diagnostic): Diagnostic[] => {
    const { code, category, messageText, start, length } = diagnostic
    const range = start === undefined ? undefined : ownRange(cell, { start, length: length ?? 0 })
    if (!range || runs(diagnostic, before, after)) return []
    const error = category === compiler.DiagnosticCategory.Error
    if (!error && category !== compiler.DiagnosticCategory.Warning) return []
    const message = withoutModules(compiler.flattenDiagnosticMessageText(messageText, '\n'))
    return [{ ...range, severity: error ? 'error' : 'warning', code, message }]
  })
  return shown.sort((a, b) => a.start - b.start)
}

/** Whether what a module may not do is right in a cell. */
function runs({ code, file, start }: ts.Diagnostic, before: VirtualCell[], after: VirtualCell[]): boolean {
  if (code === 2528) return true // a second `export default`
  if (!file || start === undefined) return false
  const node = nodeAt(file, start)
  const name = node?.getText(file) ?? ''
  const declared = ({ names }: VirtualCell) => names.has(name)
  if (missing.has(code)) return after.some(declared) && !!compiler.findAncestor(node, compiler.isFunctionLike)
  return ofEarlier.has(code) && before.some(declared)
}

/** cannot find the name, or the namespace, or what a shorthand property stands for */
const missing = new Set([2304, 2503, 2552, 18004])

/**
 * Used before its declaration, before it is assigned, or in its own initializer: `const a = a + 1` takes the earlier cell's `a`.
 * And a variable without a type: it was assigned in an earlier cell.
 */
const ofEarlier = new Set([2448, 2449, 2450, 2454, 7022, 7005])
