import { Disposable, type NotebookDocument, type TextDocument, workspace } from 'vscode'
import { isOurs, notebookOf } from './cells.js'

/** How long nothing is typed before what was typed is looked at, in ms. */
const quiet = 300

/** What of a notebook has changed: cells from `first` on. */
export interface Settled {
  notebook: NotebookDocument
  /** index of the first cell that may mean another thing now */
  first: number
}

/** Tells of changes in a notebook's cells, their order among them, once no more come for a while. */
export function onDidSettle(listener: (settled: Settled) => void): Disposable {
  const timers = new Map<NotebookDocument, NodeJS.Timeout>()
  const firsts = new Map<NotebookDocument, number>()

  return Disposable.from(
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const notebook = contentChanges.length > 0 ? notebookOf(document) : undefined
      if (notebook) changed(notebook, indexOf(notebook, document))
    }),
    workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
      if (isOurs(notebook)) for (const { range } of contentChanges) changed(notebook, range.start)
    }),
    // a cell that is given another language is opened anew
    workspace.onDidOpenTextDocument(document => {
      const notebook = notebookOf(document)
      if (notebook) changed(notebook, indexOf(notebook, document))
    }),
    workspace.onDidCloseNotebookDocument(forget),
    new Disposable(() => {
      for (const notebook of timers.keys()) forget(notebook)
    }),
  )

  function changed(notebook: NotebookDocument, index: number) {
    firsts.set(notebook, Math.min(index, firsts.get(notebook) ?? index))
    clearTimeout(timers.get(notebook))
    timers.set(
      notebook,
      setTimeout(() => {
        const first = firsts.get(notebook)!
        forget(notebook)
        listener({ notebook, first })
      }, quiet),
    )
  }

  function forget(notebook: NotebookDocument) {
    clearTimeout(timers.get(notebook))
    timers.delete(notebook)
    firsts.delete(notebook)
  }
}

const indexOf = (notebook: NotebookDocument, document: TextDocument) =>
  notebook.getCells().findIndex(cell => cell.document === document)
