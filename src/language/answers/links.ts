import type { Link, VirtualCell } from '../virtualCells.js'
import type { Session } from './session.js'

/** The link that the name at a place goes through to another cell: its definition is a variable of the header. */
export function linkAt(session: Session, file: string, position: number): Link | undefined {
  const cell = session.cells.byFile(file)
  const definitions = cell?.links.length ? session.service.getDefinitionAtPosition(file, position) : undefined
  const local = definitions?.find(({ fileName }) => fileName === file)
  return local && linkWith(cell!, local.textSpan.start)
}

/** The link that has one of its two names at an offset of the cell's code. */
export const linkWith = (cell: VirtualCell, offset: number) =>
  cell.links.find(({ local, origin }) => local === offset || origin === offset)
