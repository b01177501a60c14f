import { Disposable, type NotebookDocument, TabInputNotebook, window, workspace } from 'vscode'

/**
 * Tells of a notebook whose last tab is gone. VS Code may keep it open for minutes more, and then tells that it is closed, so that a
 * notebook may be told twice.
 */
export function onDidCloseNotebook(listener: (notebook: NotebookDocument) => void): Disposable {
  return Disposable.from(
    workspace.onDidCloseNotebookDocument(listener),
    window.tabGroups.onDidChangeTabs(({ closed }) => {
      const gone = new Set(closed.map(uriOf))
      const shown = new Set(window.tabGroups.all.flatMap(({ tabs }) => tabs.map(uriOf)))
      for (const notebook of workspace.notebookDocuments) {
        const uri = notebook.uri.toString()
        if (notebook.notebookType === 'sdnb' && gone.has(uri) && !shown.has(uri)) listener(notebook)
      }
    }),
  )
}

const uriOf = ({ input }: { input: unknown }) => (input instanceof TabInputNotebook ? input.uri.toString() : undefined)
