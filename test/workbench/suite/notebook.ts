import { randomUUID } from 'node:crypto'
import * as vscode from 'vscode'

/** Opens a new notebook of these cells, saved in the workspace folder, in an editor. */
export async function notebookOf(...cells: string[]): Promise<vscode.NotebookDocument> {
  const [folder] = vscode.workspace.workspaceFolders!
  const uri = vscode.Uri.joinPath(folder.uri, `${randomUUID()}.sdnb`)
  const content = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: cells.map((source, i) => ({
      cell_type: 'code',
      id: `cell-${i}`,
      metadata: {},
      source,
      execution_count: null,
      outputs: [],
    })),
  }
  await vscode.workspace.fs.writeFile(uri, Buffer.from(JSON.stringify(content)))
  const notebook = await vscode.workspace.openNotebookDocument(uri)
  await vscode.window.showNotebookDocument(notebook)
  return notebook
}

/** Runs all cells, until each has ended or will not run. */
export async function run(notebook: vscode.NotebookDocument): Promise<void> {
  await vscode.window.showNotebookDocument(notebook)
  await vscode.commands.executeCommand('notebook.execute')
  await until(() => notebook.getCells().some(cell => cell.executionSummary?.timing))
  await until(() => isSettled(notebook))
}

/** The last cell that ran failed, or all have ended. */
function isSettled(notebook: vscode.NotebookDocument): boolean {
  const code = notebook.getCells().filter(cell => cell.kind === vscode.NotebookCellKind.Code)
  const states = code.map(cell => cell.executionSummary?.success)
  return states.includes(false) || states.every(state => state !== undefined)
}

/** Waits for something that VS Code has no event for. */
export async function until(condition: () => unknown, patience = 60_000): Promise<void> {
  for (const end = Date.now() + patience; !condition(); ) {
    if (Date.now() > end) throw new Error(`Waited ${patience} ms for ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** What a cell has printed, and the plain text of its values. */
export function textOf(cell: vscode.NotebookCell): string {
  const texts = ['application/vnd.code.notebook.stdout', 'text/plain']
  return cell.outputs
    .map(({ items }) => items.find(({ mime }) => texts.includes(mime)))
    .map(item => (item ? Buffer.from(item.data).toString() : ''))
    .join('')
}
