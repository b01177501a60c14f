import {
  type DocumentFilter,
  type NotebookCell,
  NotebookCellKind,
  type NotebookDocument,
  type TextDocument,
  workspace,
} from 'vscode'

/** The editors that have our language features. With a notebook's type, a scheme would be that of the notebook's file, not the cell's. */
export const selector = { notebookType: 'sdnb', language: 'typescript' } satisfies DocumentFilter

/** A cell's name between us and the language server. */
export const idOf = ({ document }: NotebookCell) => document.uri.toString()

/** The notebook's cells that are TypeScript, in order. */
export function codeCells(notebook: NotebookDocument): NotebookCell[] {
  return notebook.getCells().filter(isTypeScript)
}

export const isTypeScript = ({ kind, document }: NotebookCell) =>
  kind === NotebookCellKind.Code && document.languageId === selector.language

/** The open notebook that has a document as a cell. */
export function notebookOf(document: TextDocument): NotebookDocument | undefined {
  if (document.uri.scheme !== 'vscode-notebook-cell') return undefined
  return workspace.notebookDocuments.find(
    notebook => isOurs(notebook) && notebook.getCells().some(cell => cell.document === document),
  )
}

export const isOurs = ({ notebookType }: NotebookDocument) => notebookType === selector.notebookType
