import { commands, type Disposable, Disposable as Disposables, type NotebookDocument, window } from 'vscode'
import type { Kernels } from './kernels.js'
import { activeNotebook } from './notebooks.js'

/** Commands over the kernel of the notebook in front. */
export function registerKernelCommands(kernels: Kernels): Disposable {
  const all: Record<string, (notebook: NotebookDocument) => unknown> = {
    'sdnb.interrupt': notebook => kernels.of(notebook)?.interrupt(),
    'sdnb.restart': notebook => kernels.restart(notebook),
    async 'sdnb.restartAndRunAll'(notebook) {
      await kernels.restart(notebook)
      await window.showNotebookDocument(notebook)
      await commands.executeCommand('notebook.execute')
    },
    'sdnb.shutdown': notebook => kernels.shutdown(notebook),
  }
  return Disposables.from(
    ...Object.entries(all).map(([id, command]) =>
      commands.registerCommand(id, async () => {
        const notebook = activeNotebook()
        if (notebook) await command(notebook)
        else void window.showInformationMessage('Open an SD notebook (.sdnb) first.')
      }),
    ),
  )
}
