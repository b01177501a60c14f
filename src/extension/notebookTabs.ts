import { Disposable, type NotebookDocument, TabInputNotebook, window, workspace } from 'vscode'

/** By URI; a notebook may have several tabs, and one that is restored is not open before somebody looks at it. */
export interface TabsChange {
  opened: string[]
  closed: string[]
}

/** Tells of notebooks that have their first tab, or none any more. */
export function onDidChangeNotebookTabs(listener: (change: TabsChange) => void): Disposable {
  let before = notebooksWithTabs()
  return window.tabGroups.onDidChangeTabs(() => {
    const now = notebooksWithTabs()
    const change = {
      opened: [...now].filter(uri => !before.has(uri)),
      closed: [...before].filter(uri => !now.has(uri)),
    }
    before = now
    if (change.opened.length || change.closed.length) listener(change)
  })
}

/** Tells of a notebook whose last tab is gone. VS Code may keep it open for minutes more, and it may be told again then. */
export function onDidCloseNotebook(listener: (notebook: NotebookDocument) => void): Disposable {
  return Disposable.from(
    workspace.onDidCloseNotebookDocument(notebook => notebook.notebookType === 'sdnb' && listener(notebook)),
    onDidChangeNotebookTabs(({ closed }) => {
      for (const notebook of workspace.notebookDocuments)
        if (closed.includes(notebook.uri.toString())) listener(notebook)
    }),
  )
}

export function notebooksWithTabs(): Set<string> {
  const inputs = window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ input }) => input))
  return new Set(
    inputs.flatMap(input =>
      input instanceof TabInputNotebook && input.notebookType === 'sdnb' ? [input.uri.toString()] : [],
    ),
  )
}
