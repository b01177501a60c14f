import type ts from 'typescript'
import type { CellPosition, Location, Range } from '../serverProtocol.js'
import type { VirtualCell, VirtualCells } from '../virtualCells.js'

/** What answers are made from. */
export interface Session {
  service: ts.LanguageService
  cells: VirtualCells
  /** globs of files whose exports are no candidates for an import */
  inner: string[]
}

/** A place in a cell, as the compiler has it; none within a `!` line. */
export function locate({ cells }: Session, { cell: id, offset }: CellPosition) {
  const cell = cells.get(id)
  if (cell.shell.some(({ start, end }) => offset > start && offset <= end)) return undefined
  return { cell, file: cell.fileName, position: cell.start + Math.min(Math.max(offset, 0), cell.text.length) }
}

/** A range of a cell's code in the cell's own text; none when it is in the header. */
export function ownRange(cell: VirtualCell, { start, length }: ts.TextSpan): Range | undefined {
  if (start < cell.start) return undefined
  return { start: start - cell.start, end: start - cell.start + length }
}

/** A range of any file, as its reader knows it; none in a cell's header. */
export function location({ cells }: Session, file: string, span: ts.TextSpan): Location | undefined {
  const cell = cells.byFile(file)
  if (!cell) return { file, start: span.start, end: span.start + span.length }
  const range = ownRange(cell, span)
  return range && { cell: cell.id, ...range }
}
