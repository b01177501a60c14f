import { type Disposable, languages, type TextDocument, WorkspaceEdit } from 'vscode'
import type { Edits } from '../../language/serverProtocol.js'
import { notebookOf, selector } from './cells.js'
import { placeOf, rangeIn, unsavedDocument } from './places.js'
import type { Servers } from './servers.js'

/** Renames in all cells, and in files beside the notebook. What is thrown is shown by the name. */
export function registerRename(servers: Servers): Disposable {
  return languages.registerRenameProvider(selector, {
    async prepareRename(document, position, token) {
      const offset = document.offsetAt(position)
      const target = await servers.ask(
        document,
        (server, cell, signal) => server.prepareRename({ cell, offset }, signal),
        token,
      )
      if (!target) return undefined
      if ('refused' in target) throw new Error(target.refused)
      return { range: rangeIn(document, target.range), placeholder: target.name }
    },

    async provideRenameEdits(document, position, newName, token) {
      const offset = document.offsetAt(position)
      const rename = await servers.ask(
        document,
        (server, cell, signal) => server.rename({ cell, offset, newName }, signal),
        token,
      )
      if (!rename) return undefined
      if ('refused' in rename) throw new Error(rename.refused)
      return workspaceEdit(document, rename.edits)
    },
  })
}

async function workspaceEdit(document: TextDocument, files: Edits[]): Promise<WorkspaceEdit | undefined> {
  const notebook = notebookOf(document)
  if (!notebook) return undefined
  const edit = new WorkspaceEdit()
  for (const file of files) {
    const place = await placeOf(notebook, file)
    if (!place) throw new Error(`${'file' in file ? file.file : 'A cell'} is gone: rename again.`)
    const unsaved = 'file' in file && unsavedDocument(place.uri)
    if (unsaved) throw new Error(`${unsaved.fileName} has changes that are not saved: save it, then rename.`)
    for (const { newText, ...offsets } of file.edits) edit.replace(place.uri, place.rangeOf(offsets), newText)
  }
  return edit
}
