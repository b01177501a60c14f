import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  Disposable as Disposables,
  languages,
  type NotebookCell,
  Range,
  workspace,
} from 'vscode'
import type { ErrorContent } from '../protocol/messages.js'
import type { Kernels } from './kernels.js'

/** Marks where a cell has failed, until it runs again or is edited. */
export function registerProblems(kernels: Kernels): Disposable {
  const marks = languages.createDiagnosticCollection('sdnb-run')
  return Disposables.from(
    marks,
    kernels.onDidBegin(cell => marks.delete(cell.document.uri)),
    kernels.onDidFail(({ cell, error }) => marks.set(cell.document.uri, [problem(cell, error)])),
    workspace.onDidChangeTextDocument(({ document }) => marks.delete(document.uri)),
    workspace.onDidCloseTextDocument(document => marks.delete(document.uri)),
  )
}

/** On the line of the cell itself that the error has come through first, else on its first line. */
function problem(cell: NotebookCell, { ename, evalue, traceback }: ErrorContent): Diagnostic {
  const count = cell.executionSummary?.executionOrder
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
