import type { CellPosition, Location } from '../serverProtocol.js'
import { linkWith } from './links.js'
import { locate, location, type Session } from './session.js'

/** Where the name at a place is declared. */
export function definition(session: Session, at: CellPosition): Location[] {
  const place = locate(session, at)
  return place ? definitionsOf(session, place.file, place.position) : []
}

function definitionsOf(session: Session, file: string, position: number): Location[] {
  const definitions = session.service.getDefinitionAtPosition(file, position) ?? []
  return definitions.flatMap(({ fileName, textSpan }) => {
    const cell = session.cells.byFile(fileName)
    const link = cell && linkWith(cell, textSpan.start)
    if (link && link.local === textSpan.start) return definitionsOf(session, fileName, link.origin)
    return location(session, fileName, textSpan) ?? []
  })
}
