import { homedir } from 'node:os'
import { basename, dirname } from 'node:path'
import { type NotebookDocument, window, workspace } from 'vscode'

/** The SD notebook in front. */
export function activeNotebook(): NotebookDocument | undefined {
  const notebook = window.activeNotebookEditor?.notebook
  return notebook?.notebookType === 'sdnb' ? notebook : undefined
}

/** Where its cells run: beside it; one that has no file yet, in the workspace. */
export function folderOf({ uri }: NotebookDocument): string {
  if (uri.scheme === 'file') return dirname(uri.fsPath)
  const [first] = workspace.workspaceFolders ?? []
  return first?.uri.scheme === 'file' ? first.uri.fsPath : homedir()
}

/** As its tab says. */
export const nameOf = ({ uri }: Pick<NotebookDocument, 'uri'>): string => basename(uri.path)
