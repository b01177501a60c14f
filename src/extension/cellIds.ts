import {
  type Disposable,
  Disposable as Disposables,
  type NotebookCell,
  type NotebookDocument,
  NotebookEdit,
  WorkspaceEdit,
  workspace,
} from 'vscode'
import { newId } from './notebookData.js'

/**
 * Gives every cell the id that nbformat asks for, as soon as it is there: the kernel knows a cell by it, also in another window, and a
 * saved notebook keeps it. A copy gets its own.
 */
export function registerCellIds(): Disposable {
  return Disposables.from(
    workspace.onDidOpenNotebookDocument(notebook => giveIds(notebook, [])),
    workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
      const added = contentChanges.flatMap(({ addedCells }) => addedCells)
      if (added.length) giveIds(notebook, added)
    }),
  )
}

function giveIds(notebook: NotebookDocument, added: readonly NotebookCell[]): void {
  if (notebook.notebookType !== 'sdnb') return
  const taken = new Set<unknown>()
  const edits: NotebookEdit[] = []
  const older = notebook.getCells().filter(cell => !added.includes(cell))
  for (const cell of [...older, ...added]) {
    if (cell.index < 0) continue // removed again
    const { id } = cell.metadata
    if (typeof id === 'string' && !taken.has(id)) taken.add(id)
    else edits.push(NotebookEdit.updateCellMetadata(cell.index, { ...cell.metadata, id: newId() }))
  }
  if (!edits.length) return
  const edit = new WorkspaceEdit()
  edit.set(notebook.uri, edits)
  void workspace.applyEdit(edit)
}
