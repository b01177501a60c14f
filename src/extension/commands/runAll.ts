import { commands, type Disposable, window, workspace } from 'vscode'
import { activeNotebook } from '../notebooks.js'
import type { CommandDeps } from './deps.js'
import { reporting } from './reporting.js'

/** `sdnb.runAll`: the walkthrough's button, pressed while another editor is in front: the notebook opened last comes forward and runs. */
export function registerRunAll(deps: CommandDeps): Disposable {
  return commands.registerCommand('sdnb.runAll', reporting(deps, runAll))
}

async function runAll(): Promise<void> {
  const opened = workspace.notebookDocuments.filter(({ notebookType }) => notebookType === 'sdnb')
  const notebook = activeNotebook() ?? opened.at(-1)
  if (!notebook) {
    void window.showInformationMessage('Make or open an SD notebook (.sdnb) first.')
    return
  }
  await window.showNotebookDocument(notebook)
  await commands.executeCommand('notebook.execute')
}
