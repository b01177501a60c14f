import {
  type Disposable,
  Disposable as Disposables,
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
    workspace.onDidOpenNotebookDocument(giveIds),
    workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
      if (contentChanges.some(({ addedCells }) => addedCells.length)) giveIds(notebook)
    }),
  )
}

function giveIds(notebook: NotebookDocument): void {
  if (notebook.notebookType !== 'sdnb') return
  const taken = new Set<unknown>()
  const edits: NotebookEdit[] = []
  for (const cell of notebook.getCells()) {
    const { id } = cell.metadata
    if (typeof id === 'string' && !taken.has(id)) taken.add(id)
    else edits.push(NotebookEdit.updateCellMetadata(cell.index, { ...cell.metadata, id: newId() }))
  }
  if (!edits.length) return
  const edit = new WorkspaceEdit()
  edit.set(notebook.uri, edits)
  void workspace.applyEdit(edit)
}
