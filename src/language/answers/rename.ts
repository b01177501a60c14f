import compiler from '../compiler.js'
import type { CellPosition, Edits, Rename, RenameTarget, TextEdit } from '../serverProtocol.js'
import { linkWith } from './links.js'
import { locate, location, ownRange, type Session } from './session.js'

/** Whether the name at a place can be renamed, and which text it is. */
export function prepareRename(session: Session, at: CellPosition): RenameTarget {
  const place = locate(session, at)
  const info = place && session.service.getRenameInfo(place.file, place.position, preferences)
  if (!info) return { refused: 'A command of the shell has no names to rename.' }
  if (!info.canRename) return { refused: info.localizedErrorMessage }
  const range = ownRange(place.cell, info.triggerSpan)
  return range ? { name: info.displayName, range } : { refused: 'You cannot rename this element.' }
}

/** Gives a name another, in every cell and local file that means the same by it. */
export function rename(session: Session, { newName, ...at }: CellPosition & { newName: string }): Rename {
  const target = prepareRename(session, at)
  if ('refused' in target) return target
  if (!isIdentifier(newName)) return { refused: `'${newName}' is not a name: expected letters, digits, _ and $.` }
  const places = locations(session, at)
  const topLevel = session.cells.all().some(cell => cell.names.has(target.name) && places.headers.has(cell.fileName))
  const taken = topLevel && newName !== target.name && session.cells.all().find(({ names }) => names.has(newName))
  if (taken) return { refused: `A cell declares '${newName}' already: cells after it would mean another thing.` }

  const edits = new Map<string, Edits>()
  for (const { file, span, prefix, suffix } of places.found) {
    const there = location(session, file, span)
    if (!there) continue
    const { start, end, ...where } = there
    const ofFile = edits.get(file) ?? { ...where, edits: [] as TextEdit[] }
    ofFile.edits.push({ start, end, newText: `${prefix}${newName}${suffix}` })
    edits.set(file, ofFile)
  }
  return { edits: [...edits.values()] }
}

const preferences = { providePrefixAndSuffixTextForRename: false }

function locations(session: Session, at: CellPosition) {
  const { file, position } = locate(session, at)!
  const found = new Map<string, { file: string; span: import('typescript').TextSpan; prefix: string; suffix: string }>()
  /** the cells whose header has the name: they export it or are given it */
  const headers = new Set<string>()
  const open = [{ file, position }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { file, position } = next
    for (const place of session.service.findRenameLocations(file, position, false, false, preferences) ?? []) {
      const { fileName, textSpan: span, prefixText: prefix = '', suffixText: suffix = '' } = place
      const key = `${fileName} ${span.start}`
      if (found.has(key)) continue
      found.set(key, { file: fileName, span, prefix, suffix })
      const cell = session.cells.byFile(fileName)
      if (!cell || span.start >= cell.start) continue
      headers.add(fileName)
      const link = linkWith(cell, span.start)
      if (!link) continue
      open.push({ file: fileName, position: link.local === span.start ? link.origin : link.local })
    }
  }
  return { found: [...found.values()], headers }
}

function isIdentifier(name: string): boolean {
  const scanner = compiler.createScanner(compiler.ScriptTarget.ESNext, false, undefined, name)
  return scanner.scan() === compiler.SyntaxKind.Identifier && scanner.getTokenEnd() === name.length
}
