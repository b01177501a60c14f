import {
  CancellationTokenSource,
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  Disposable as Disposables,
  languages,
  type NotebookCell,
  type NotebookDocument,
  type TextDocument,
  window,
  workspace,
} from 'vscode'
import type { Diagnostic as Found } from '../../language/serverProtocol.js'
import { onDidCloseNotebook } from '../notebookTabs.js'
import { codeCells, isOurs, notebookOf } from './cells.js'
import { rangeIn } from './places.js'
import type { Servers } from './servers.js'
import { onDidSettle } from './settled.js'

/** What a notebook's cells are still to be looked at for. */
interface Look {
  cells: Set<NotebookCell>
  source: CancellationTokenSource
}

/** Marks what TypeScript finds wrong in the cells of notebooks that are shown: a cell at a time, those in view first. */
export function registerDiagnostics(servers: Servers): Disposable {
  const marks = languages.createDiagnosticCollection('sdnb')
  const looks = new Map<NotebookDocument, Look>()
  const seen = new WeakSet<NotebookDocument>()
  /** of the last answer, in ms */
  let took = 0

  showAll()
  return Disposables.from(
    marks,
    window.onDidChangeVisibleNotebookEditors(showAll),
    workspace.onDidGrantWorkspaceTrust(() => {
      for (const { notebook } of window.visibleNotebookEditors) look(notebook, 0)
    }),
    onDidSettle(({ notebook, first }) => {
      if (seen.has(notebook)) look(notebook, first)
    }),
    workspace.onDidChangeTextDocument(({ document }) => {
      // whoever types waits for no answer about what was there before
      const notebook = notebookOf(document)
      if (notebook) looks.get(notebook)?.source.cancel()
    }),
    workspace.onDidCloseTextDocument(document => marks.delete(document.uri)),
    onDidCloseNotebook(notebook => {
      looks.get(notebook)?.source.cancel()
      looks.delete(notebook)
      seen.delete(notebook)
      for (const { document } of notebook.getCells()) marks.delete(document.uri)
    }),
    new Disposables(() => {
      for (const { source } of looks.values()) source.cancel()
    }),
  )

  function showAll() {
    for (const { notebook } of window.visibleNotebookEditors)
      if (isOurs(notebook) && !seen.has(notebook)) {
        seen.add(notebook)
        look(notebook, 0)
      }
  }

  /** Looks at the cells from `first` on, and at those that an earlier look has not come to. */
  function look(notebook: NotebookDocument, first: number) {
    const before = looks.get(notebook)
    before?.source.cancel()
    const cells = new Set([...(before?.cells ?? []), ...notebook.getCells().slice(first)])
    const next = { cells, source: new CancellationTokenSource() }
    looks.set(notebook, next)
    void work(notebook, next)
  }

  async function work(notebook: NotebookDocument, { cells, source: { token } }: Look) {
    // who types again before there could be an answer is not asked for
    await new Promise(resolve => setTimeout(resolve, Math.min(took, 2000)))
    while (!token.isCancellationRequested) {
      const left = codeCells(notebook).filter(cell => cells.has(cell))
      const cell = left.find(isInView) ?? left[0]
      if (!cell) return
      const { document } = cell
      const { version } = document
      const began = performance.now()
      const found = await servers.ask(document, (server, cell, signal) => server.diagnostics({ cell }, signal), token)
      if (token.isCancellationRequested || document.version !== version) return
      took = performance.now() - began
      cells.delete(cell)
      if (found && !document.isClosed) marks.set(document.uri, found.map(mark(document)))
    }
  }
}

function isInView(cell: NotebookCell): boolean {
  return window.visibleNotebookEditors.some(
    ({ notebook, visibleRanges }) =>
      notebook === cell.notebook && visibleRanges.some(({ start, end }) => start <= cell.index && cell.index < end),
  )
}

const mark =
  (document: TextDocument) =>
  ({ severity, code, message, ...offsets }: Found): Diagnostic => {
    const level = severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning
    const diagnostic = new Diagnostic(rangeIn(document, offsets), message, level)
    diagnostic.source = 'ts'
    diagnostic.code = code
    return diagnostic
  }
