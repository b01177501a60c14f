import type ts from 'typescript'
import compiler from '../compiler.js'
import type { CellPosition, Edits, Rename, RenameTarget, TextEdit } from '../serverProtocol.js'
import { linkWith } from './links.js'
import { nodeAt } from './nodeAt.js'
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
  const { found, crossesCells } = renameLocations(session, at)
  const taken = crossesCells && newName !== target.name && session.cells.all().some(({ names }) => names.has(newName))
  if (taken) return { refused: `A cell declares '${newName}' already: cells after it would mean another thing.` }

  const edits = new Map<string, Edits>()
  for (const { fileName, textSpan, prefixText = '', suffixText = '' } of found) {
    const place = location(session, fileName, textSpan)
    if (!place) continue
    const { start, end, ...where } = place
    const ofFile = edits.get(fileName) ?? { ...where, edits: [] as TextEdit[] }
    ofFile.edits.push({ start, end, newText: `${prefixText}${newName}${suffixText}` })
    edits.set(fileName, ofFile)
  }
  return { edits: [...edits.values()] }
}

/** `{ a }` becomes `{ a: b }`: what has a property of that name is not changed. */
const preferences = { providePrefixAndSuffixTextForRename: true }

/**
 * The compiler stops at imports and exports, which it would write `a as b`. Those of cells and local files are followed here,
 * and so are the links of headers.
 */
function renameLocations(session: Session, at: CellPosition) {
  const { service, cells } = session
  const checker = service.getProgram()!.getTypeChecker()
  const found = new Map<string, ts.RenameLocation>()
  const asked = new Set<string>()
  let crossesCells = false

  const { file, position } = locate(session, at)!
  search(file, position)
  return { found: [...found.values()], crossesCells }

  function search(file: string, position: number) {
    const key = `${file} ${position}`
    if (asked.has(key)) return
    asked.add(key)
    for (const place of service.findRenameLocations(file, position, false, false, preferences) ?? []) follow(place)
  }

  function follow(place: ts.RenameLocation) {
    const { fileName, textSpan } = place
    const key = `${fileName} ${textSpan.start}`
    if (found.has(key)) return
    const ends = otherEnds(fileName, textSpan.start)
    found.set(key, ends.length > 0 ? { fileName, textSpan } : place)
    const cell = cells.byFile(fileName)
    if (cell && textSpan.start < cell.start) crossesCells = true
    for (const { file, position } of ends) search(file, position)
  }

  /** Where a name that is imported or exported here goes on; nowhere when that is a package's. */
  function otherEnds(fileName: string, start: number): { file: string; position: number }[] {
    const cell = cells.byFile(fileName)
    const link = cell && linkWith(cell, start)
    if (link) return [link.local, link.origin].map(position => ({ file: fileName, position }))
    const file = service.getProgram()?.getSourceFile(fileName)
    const specifier = file && nodeAt(file, start)?.parent
    if (!specifier || !(compiler.isImportSpecifier(specifier) || compiler.isExportSpecifier(specifier))) return []
    if (specifier.propertyName) return []
    const names = targetOf(specifier)?.declarations?.flatMap(
      declaration => compiler.getNameOfDeclaration(declaration) ?? [],
    )
    const ends = names?.filter(name => !name.getSourceFile().isDeclarationFile) ?? []
    if (ends.length === 0) return []
    const places = ends.map(name => ({ file: name.getSourceFile().fileName, position: name.getStart() }))
    return compiler.isExportSpecifier(specifier) ? [...places, { file: fileName, position: start }] : places
  }

  function targetOf(specifier: ts.ImportSpecifier | ts.ExportSpecifier): ts.Symbol | undefined {
    if (compiler.isExportSpecifier(specifier)) return checker.getExportSpecifierLocalTargetSymbol(specifier)
    const module = checker.getSymbolAtLocation(specifier.parent.parent.parent.moduleSpecifier)
    return module && checker.tryGetMemberInModuleExports(specifier.name.text, module)
  }
}

function isIdentifier(name: string): boolean {
  const scanner = compiler.createScanner(compiler.ScriptTarget.ESNext, false, undefined, name)
  return scanner.scan() === compiler.SyntaxKind.Identifier && scanner.getTokenEnd() === name.length
}
