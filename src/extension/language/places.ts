import { readFile } from 'node:fs/promises'
import { type NotebookDocument, Position, Range, type TextDocument, Uri, workspace } from 'vscode'
import type { Location, Range as Offsets } from '../../language/serverProtocol.js'
import { codeCells, idOf } from './cells.js'

/** A range of a cell, from the language server's offsets. */
export const rangeIn = (document: TextDocument, { start, end }: Offsets) =>
  new Range(document.positionAt(start), document.positionAt(end))

/** Where a place of the language server's is: the uri of a cell or file, and a way from its offsets to ranges. */
export async function placeOf(
  notebook: NotebookDocument,
  place: Location | { cell: string } | { file: string },
): Promise<{ uri: Uri; rangeOf(offsets: Offsets): Range } | undefined> {
  if ('cell' in place) {
    const document = codeCells(notebook).find(cell => idOf(cell) === place.cell)?.document
    return document && { uri: document.uri, rangeOf: offsets => rangeIn(document, offsets) }
  }
  // not opened as a document, which every other extension would hear of
  const text = await readFile(place.file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const positionAt = positionsIn(text)
  return {
    uri: Uri.file(place.file),
    rangeOf: ({ start, end }) => new Range(positionAt(start), positionAt(end)),
  }
}

/** The document of a file that is open and has changes which the language server has not seen. */
export const unsavedDocument = (uri: Uri) =>
  workspace.textDocuments.find(({ uri: other, isDirty }) => isDirty && other.toString() === uri.toString())

function positionsIn(text: string): (offset: number) => Position {
  const starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map(({ index, 0: lineBreak }) => index + lineBreak.length)]
  return offset => {
    const line = starts.findLastIndex(start => start <= offset)
    return new Position(line, offset - starts[line])
  }
}
