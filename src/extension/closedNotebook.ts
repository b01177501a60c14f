import { Disposable, type NotebookDocument, TabInputNotebook, window, workspace } from 'vscode'

/**
 * Tells of a notebook whose last tab is gone, or shows a file of another name. VS Code may keep it open for minutes more, and then tells
 * that it is closed, so that a notebook may be told twice.
 */
export function onDidCloseNotebook(listener: (notebook: NotebookDocument) => void): Disposable {
  let shown = shownNotebooks()
  return Disposable.from(
    workspace.onDidCloseNotebookDocument(listener),
    window.tabGroups.onDidChangeTabs(() => {
      const before = shown
      shown = shownNotebooks()
      for (const notebook of workspace.notebookDocuments) {
        const uri = notebook.uri.toString()
        if (notebook.notebookType === 'sdnb' && before.has(uri) && !shown.has(uri)) listener(notebook)
      }
    }),
  )
}

function shownNotebooks(): Set<string> {
  const inputs = window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ input }) => input))
  return new Set(inputs.flatMap(input => (input instanceof TabInputNotebook ? [input.uri.toString()] : [])))
}
