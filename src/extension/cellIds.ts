import { type Disposable, type NotebookCell, NotebookEdit, WorkspaceEdit, workspace } from 'vscode'
import { newId } from './notebookData.js'

/**
 * Gives a cell that is added the id that nbformat asks for: the kernel knows it by that, also in another window, and a saved notebook
 * keeps it. A copy gets its own. Those of a file have theirs.
 */
export function registerCellIds(): Disposable {
  return workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
    const added = new Set(contentChanges.flatMap(({ addedCells }) => addedCells))
    if (notebook.notebookType !== 'sdnb' || added.size === 0) return
    const cells = notebook.getCells()
    const taken = new Set(cells.filter(cell => !added.has(cell)).map(idOf))
    const edits: NotebookEdit[] = []
    // where one was removed again, it is not among them
    for (const cell of cells.filter(cell => added.has(cell))) {
      if (typeof idOf(cell) !== 'string' || taken.has(idOf(cell)))
        edits.push(NotebookEdit.updateCellMetadata(cell.index, { ...cell.metadata, id: newId() }))
      taken.add(idOf(cell))
    }
    if (!edits.length) return
    const edit = new WorkspaceEdit()
    edit.set(notebook.uri, edits)
    void workspace.applyEdit(edit)
  })
}

const idOf = ({ metadata }: NotebookCell): unknown => metadata.id
