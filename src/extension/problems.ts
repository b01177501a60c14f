import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  Disposable as Disposables,
  languages,
  Range,
  workspace,
} from 'vscode'
import type { CellFailure, Kernels } from './kernels.js'
import { onDidCloseNotebook } from './notebookTabs.js'

/** Marks where a cell has failed, until it runs again or is edited. */
export function registerProblems(kernels: Kernels): Disposable {
  const marks = languages.createDiagnosticCollection('sdnb-run')
  return Disposables.from(
    marks,
    kernels.onDidBegin(cell => marks.delete(cell.document.uri)),
    kernels.onDidFail(failure => {
      // who has stopped a cell knows
      if (failure.error.ename !== 'InterruptedError') marks.set(failure.cell.document.uri, [problem(failure)])
    }),
    workspace.onDidChangeTextDocument(({ document }) => marks.delete(document.uri)),
    workspace.onDidCloseTextDocument(document => marks.delete(document.uri)),
    onDidCloseNotebook(notebook => {
      for (const { document } of notebook.getCells()) marks.delete(document.uri)
    }),
  )
}

/** On the line of the cell itself that the error has come through first, else on its first line. */
function problem({ cell, error: { ename, evalue, traceback }, count }: CellFailure): Diagnostic {
  const frames = traceback.map(text => /Cell In\[(\d+)\], line (\d+)/.exec(text)).filter(frame => frame !== null)
  const own = frames.find(([, number]) => Number(number) === count)
  const line = Math.min(Number(own?.[2] ?? 1), cell.document.lineCount) - 1
  const { range, firstNonWhitespaceCharacterIndex: start } = cell.document.lineAt(line)
  const mark = new Diagnostic(
    new Range(line, start, line, range.end.character),
    evalue ? `${ename}: ${evalue}` : ename,
    DiagnosticSeverity.Error,
  )
  mark.source = 'SD Notebook'
  return mark
}
