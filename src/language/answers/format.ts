import type ts from 'typescript'
import compiler from '../compiler.js'
import { formatText } from '../formatText.js'
import type { FormatOptions, Range, TextEdit } from '../serverProtocol.js'
import type { Session } from './session.js'

/** What TypeScript's formatter would change in a cell, or in the lines of a range of it. */
export function format(
  { cells }: Session,
  { cell, range, options }: { cell: string; range?: Range; options: FormatOptions },
): TextEdit[] {
  const { text } = cells.get(cell)
  const { start, end } = range ?? { start: 0, end: text.length }
  return formatText(compiler, text, (service, file) =>
    service.getFormattingEditsForRange(file, start, Math.min(end, text.length), settings(options)),
  )
}

const settings = ({ tabSize, insertSpaces }: FormatOptions): ts.FormatCodeSettings => ({
  ...compiler.getDefaultFormatCodeSettings('\n'),
  indentSize: tabSize,
  tabSize,
  convertTabsToSpaces: insertSpaces,
})
