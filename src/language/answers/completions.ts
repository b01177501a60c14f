import { isBuiltin } from 'node:module'
import type ts from 'typescript'
import compiler from '../compiler.js'
import { markdownOf } from '../markdown.js'
import type {
  CellPosition,
  Completion,
  CompletionDetails,
  CompletionId,
  CompletionList,
  TextEdit,
} from '../serverProtocol.js'
import { type VirtualCell, withoutAlias, withoutModules } from '../virtualCells.js'
import { locate, ownRange, type Session } from './session.js'
import { kindOf } from './symbolKinds.js'

export function completions(session: Session, at: CellPosition & { trigger?: string }): CompletionList {
  session.cells.focus(at.cell)
  const place = locate(session, at)
  const [typed] = /[\p{ID_Continue}$]*$/u.exec(session.cells.get(at.cell).text.slice(0, at.offset))!
  const range = { start: at.offset - typed.length, end: at.offset }
  const options = {
    ...preferences(session, typed),
    triggerCharacter: at.trigger as ts.CompletionsTriggerCharacter | undefined,
  }
  const list = place && session.service.getCompletionsAtPosition(place.file, place.position, options)
  if (!list) return { range, incomplete: false, items: [] }
  const { cell } = place
  return {
    range: (list.optionalReplacementSpan && ownRange(cell, list.optionalReplacementSpan)) ?? range,
    incomplete: list.isIncomplete === true || (typed === '' && list.isGlobalCompletion),
    items: list.entries.filter(isWanted).map(entry => completion(cell, entry)),
  }
}

export function completionDetails(
  session: Session,
  { completion: { name, source, data }, ...at }: CellPosition & { completion: CompletionId },
): CompletionDetails | null {
  session.cells.focus(at.cell)
  const place = locate(session, at)
  const details =
    place &&
    session.service.getCompletionEntryDetails(
      place.file,
      place.position,
      name,
      format(place.cell.text),
      source,
      preferences(session, name),
      data as ts.CompletionEntryData | undefined,
    )
  if (!details) return null
  const changes = details.codeActions?.flatMap(({ changes }) => changes) ?? []
  const own = changes.filter(({ fileName }) => fileName === place.file)
  return {
    signature: withoutModules(withoutAlias(compiler.displayPartsToString(details.displayParts))),
    documentation: markdownOf(details.documentation, details.tags),
    edits: own.flatMap(({ textChanges }) => textChanges).map(change => edit(place.cell, change)),
  }
}

/** Node's modules are offered under both their names: `node:fs` will do. */
const isWanted = ({ source }: ts.CompletionEntry) => !source || source.startsWith('node:') || !isBuiltin(source)

function completion(cell: VirtualCell, entry: ts.CompletionEntry): Completion {
  const { name, kind, kindModifiers, sortText, insertText, source, data, replacementSpan } = entry
  const given = kind === compiler.ScriptElementKind.alias ? cell.given.get(name) : undefined
  return {
    name,
    kind: kindOf(given?.value ?? given?.type ?? kind),
    sortText,
    ...(insertText !== undefined && insertText !== name && { insertText }),
    ...(replacementSpan && { range: ownRange(cell, replacementSpan) }),
    ...(source !== undefined && { source }),
    ...(data && { data }),
    ...(kindModifiers?.includes('deprecated') && { deprecated: true }),
  }
}

/** Imports are offered once something is typed: all there are would be thousands. */
const preferences = ({ inner }: Session, typed: string): ts.UserPreferences => ({
  includeCompletionsForModuleExports: typed !== '',
  includeCompletionsForImportStatements: true,
  includeCompletionsWithInsertText: true,
  includeAutomaticOptionalChainCompletions: true,
  allowIncompleteCompletions: true,
  quotePreference: 'single',
  autoImportFileExcludePatterns: ['**/__cell*', ...inner],
})

/** Semicolons as in the cell's own text; the header's say nothing. */
const format = (text: string): ts.FormatCodeSettings => ({
  ...compiler.getDefaultFormatCodeSettings('\n'),
  indentSize: 2,
  semicolons: /;[ \t]*$/m.test(text) ? compiler.SemicolonPreference.Insert : compiler.SemicolonPreference.Remove,
})

/** The compiler puts a new import among the header's: it belongs before the cell's first import or statement. */
function edit(cell: VirtualCell, { span, newText }: ts.TextChange): TextEdit {
  const range = ownRange(cell, span)
  // between the header and the cell, the compiler's line break comes first
  if (range && (range.start > 0 || range.end > range.start || !/^\s/.test(newText))) return { ...range, newText }
  const start = importPosition(cell)
  return { start, end: start, newText: `${newText.trim()}\n` }
}

/** Below the `!` lines at the top, as these may install what is imported. */
function importPosition({ text, shell }: VirtualCell): number {
  let position = 0
  for (const { start, end } of shell) {
    if (text.slice(position, start).trim() !== '') break
    position = Math.min(end + 1, text.length)
  }
  return position
}
