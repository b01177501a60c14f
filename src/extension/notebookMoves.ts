import { type Disposable, Disposable as Disposables, type NotebookDocument, workspace } from 'vscode'
import { notebooksWithTabs, onDidChangeNotebookTabs } from './notebookTabs.js'

/** Knows a notebook again that was renamed, or saved as another. */
export interface NotebookMoves extends Disposable {
  /**
   * Where a notebook has gone whose tab is gone, by URI; undefined where it was closed.
   * @param notebook undefined where it was never looked at
   */
  of(uri: string, notebook: NotebookDocument | undefined): string | undefined
}

/** VS Code opens the new tab just before it closes the old one; how long that may take, ms. */
const together = 1000

export function watchNotebookMoves(): NotebookMoves {
  const renamed = new Map<string, string>()
  const openedAt = new Map<string, number>()
  const listeners = Disposables.from(
    workspace.onWillRenameFiles(({ files }) => {
      for (const { oldUri, newUri } of files) renamed.set(oldUri.toString(), newUri.toString())
    }),
    onDidChangeNotebookTabs(({ opened, closed }) => {
      for (const uri of opened) openedAt.set(uri, performance.now())
      for (const uri of closed) openedAt.delete(uri)
    }),
  )
  return {
    of(uri, notebook) {
      const shown = notebooksWithTabs()
      const isNew = (other: string) => shown.has(other) && performance.now() - (openedAt.get(other) ?? 0) < together
      return [...renamesOf(uri), ...(notebook ? copiesOf(notebook) : [])].find(isNew)
    },
    dispose: () => listeners.dispose(),
  }

  /** By its own name, or that of a folder above it. */
  function renamesOf(uri: string): string[] {
    return [...renamed].flatMap(([from, to]) =>
      uri === from || uri.startsWith(`${from}/`) ? [to + uri.slice(from.length)] : [],
    )
  }
}

/** Open notebooks with the same cells, by URI. */
function copiesOf(notebook: NotebookDocument): string[] {
  const ids = idsOf(notebook)
  const copies = workspace.notebookDocuments.filter(other => other !== notebook && idsOf(other) === ids)
  return copies.map(({ uri }) => uri.toString())
}

const idsOf = (notebook: NotebookDocument) => JSON.stringify(notebook.getCells().map(cell => cell.metadata.id))
