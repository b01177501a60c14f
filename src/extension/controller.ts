import { NotebookCellKind, type NotebookController, notebooks, window, workspace } from 'vscode'
import type { Kernels } from './kernels.js'

export function createController(): NotebookController {
  const controller = notebooks.createNotebookController('sdnb', 'sdnb', 'SD Notebook')
  controller.description = 'TypeScript'
  controller.supportedLanguages = ['typescript']
  controller.supportsExecutionOrder = true
  return controller
}

/** Runs cells on the notebook's kernel. */
export function serveExecution(controller: NotebookController, kernels: Kernels): void {
  controller.executeHandler = (cells, notebook) => {
    if (!workspace.isTrusted)
      return void window.showWarningMessage('Cells run code: they run when you trust the workspace.')
    const codes = cells.filter(cell => cell.kind === NotebookCellKind.Code && cell.document.getText().trim())
    if (codes.length) kernels.run(notebook, codes)
  }
  controller.interruptHandler = notebook => kernels.of(notebook)?.interrupt()
}
