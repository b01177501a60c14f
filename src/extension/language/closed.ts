import { Disposable, type NotebookDocument, TabInputNotebook, window, workspace } from 'vscode'
import { isOurs } from './cells.js'

/** Tells of a notebook whose last tab is gone. VS Code itself may keep it open for minutes more, and then tells that it is closed. */
export function onDidCloseNotebook(listener: (notebook: NotebookDocument) => void): Disposable {
  return Disposable.from(
    workspace.onDidCloseNotebookDocument(listener),
    window.tabGroups.onDidChangeTabs(({ closed }) => {
      if (!closed.some(({ input }) => input instanceof TabInputNotebook)) return
      const shown = new Set(
        window.tabGroups.all
          .flatMap(({ tabs }) => tabs.map(({ input }) => input))
          .map(input => (input instanceof TabInputNotebook ? input.uri.toString() : '')),
      )
      const gone = closed.flatMap(({ input }) => (input instanceof TabInputNotebook ? [input.uri.toString()] : []))
      for (const notebook of workspace.notebookDocuments) {
        const uri = notebook.uri.toString()
        if (isOurs(notebook) && gone.includes(uri) && !shown.has(uri)) listener(notebook)
      }
    }),
  )
}
