import { commands, type Disposable, Disposable as Disposables, workspace } from 'vscode'
import { imageType } from './cellOutput.js'

/**
 * Tells the walkthrough how far its reader has come: `sdnb.hasPicture` when a cell has shown a picture, and
 * `sdnb.hasChanged` when one has after a cell was edited.
 */
export function registerWalkthrough(): Disposable {
  let hasPicture = false
  let wasEdited = false
  return Disposables.from(
    workspace.onDidChangeNotebookDocument(({ notebook, cellChanges }) => {
      if (notebook.notebookType !== 'sdnb') return
      const outputs = cellChanges.flatMap(({ outputs = [] }) => outputs)
      if (outputs.some(({ items }) => items.some(({ mime }) => mime === imageType))) pictureCame()
      else if (hasPicture && cellChanges.some(({ document }) => document)) wasEdited = true
    }),
  )

  function pictureCame() {
    if (!hasPicture) void commands.executeCommand('setContext', 'sdnb.hasPicture', true)
    if (wasEdited) void commands.executeCommand('setContext', 'sdnb.hasChanged', true)
    hasPicture = true
  }
}
