import {
  type Disposable,
  Disposable as Disposables,
  EventEmitter,
  NotebookCellStatusBarAlignment,
  notebooks,
} from 'vscode'
import type { Kernels } from './kernels.js'

/** Says in a cell's status bar when it would show something else if it ran again. */
export function registerStaleMarks(kernels: Kernels): Disposable {
  const change = new EventEmitter<void>()
  return Disposables.from(
    change,
    kernels.onDidChange(() => change.fire()),
    notebooks.registerNotebookCellStatusBarItemProvider('sdnb', {
      onDidChangeCellStatusBarItems: change.event,
      provideCellStatusBarItems({ notebook, metadata }) {
        const stale = kernels.of(notebook)?.stale.find(({ cell }) => cell === metadata.id)
        if (!stale) return undefined
        return {
          text: `$(history) Stale: ${stale.names.join(', ')} changed`,
          tooltip: 'This cell ran with other values. Run it again to see what it shows now.',
          alignment: NotebookCellStatusBarAlignment.Right,
        }
      },
    }),
  )
}
