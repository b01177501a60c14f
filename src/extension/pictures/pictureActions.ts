import {
  commands,
  type Disposable,
  Disposable as Disposables,
  env,
  type NotebookCell,
  NotebookCellData,
  NotebookCellKind,
  type NotebookDocument,
  NotebookEdit,
  type NotebookEditor,
  NotebookEditorRevealType,
  NotebookRange,
  notebooks,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode'
import type { FromRenderer, Made, ToRenderer } from '../../protocol/rendererMessages.js'
import { reporting } from '../commands/reporting.js'
import type { Kernels } from '../kernels.js'
import { log } from '../log.js'
import { type CallCodeOptions, callCode, settingsCode } from './callCode.js'
import { savePicture } from './savePicture.js'

/** Does what the buttons at pictures and progress ask for. */
export function registerPictureActions(kernels: Kernels): Disposable {
  const messaging = notebooks.createRendererMessaging('sdnb-renderer')

  function tellKernel(editor: NotebookEditor) {
    const state = kernels.of(editor.notebook)?.state
    const message: ToRenderer = { type: 'kernel', isBusy: state === 'busy' || state === 'starting' }
    void messaging.postMessage(message, editor)
  }

  async function answer(
    _: unknown,
    { editor, message }: { editor: NotebookEditor; message: FromRenderer },
  ): Promise<void> {
    const { notebook } = editor
    if (message.type === 'stop') await kernels.of(notebook)?.interrupt()
    else if (message.type === 'kernel') tellKernel(editor)
    else if (message.type === 'save') await savePicture(notebook, message)
    else {
      const cell = cellOf(notebook, message.output)
      const options = { ...pipelineOf(kernels, notebook, cell), isFresh: message.type === 'vary' }
      if (message.type === 'copyCode') await copyCode(message.made, options)
      else await runBelow(editor, cell, callCode(message.made, options))
    }
  }

  return Disposables.from(
    kernels.onDidChange(notebook => {
      for (const editor of window.visibleNotebookEditors) if (editor.notebook === notebook) tellKernel(editor)
    }),
    // a page that was out of sight has not been told
    window.onDidChangeVisibleNotebookEditors(editors => {
      for (const editor of editors) if (editor.notebook.notebookType === 'sdnb') tellKernel(editor)
    }),
    messaging.onDidReceiveMessage(reporting({ log }, answer)),
  )
}

async function copyCode(made: Made, options: CallCodeOptions): Promise<void> {
  await env.clipboard.writeText(settingsCode(made, options))
  window.setStatusBarMessage('Settings copied as code', 3000)
}

/**
 * A cell with the code, below the other one or else at the end of the notebook, and runs it.
 * @throws Error where the notebook is read-only
 */
async function runBelow(editor: NotebookEditor, cell: NotebookCell | undefined, code: string): Promise<void> {
  const { notebook } = editor
  if (!workspace.isTrusted) return
  const index = cell ? cell.index + 1 : notebook.cellCount
  const edit = new WorkspaceEdit()
  const added = new NotebookCellData(NotebookCellKind.Code, code, 'typescript')
  edit.set(notebook.uri, [NotebookEdit.insertCells(index, [added])])
  if (!(await workspace.applyEdit(edit))) throw new Error('This notebook cannot be changed, so that no cell was added.')
  const range = new NotebookRange(index, index + 1)
  editor.selection = range
  editor.revealRange(range, NotebookEditorRevealType.InCenterIfOutsideViewport)
  const ranges = [{ start: index, end: index + 1 }]
  await commands.executeCommand('notebook.cell.execute', { ranges, document: notebook.uri })
}

/** VS Code gives an output's id to its renderer, and has it on its outputs, though its types do not tell. */
function cellOf(notebook: NotebookDocument, output: string): NotebookCell | undefined {
  return notebook.getCells().find(cell => cell.outputs.some(each => (each as { id?: string }).id === output))
}

/** The pipeline that has most likely made it: the one that the cell names, or that the session has. */
function pipelineOf(
  kernels: Kernels,
  notebook: NotebookDocument,
  cell: NotebookCell | undefined,
): Pick<CallCodeOptions, 'pipeline' | 'type'> {
  const loaded = kernels.of(notebook)?.session?.pipelines ?? []
  const words = new Set(cell?.document.getText().match(/[\p{L}\p{N}_$]+/gu))
  const found =
    loaded.find(({ name }) => words.has(name)) ?? loaded.find(({ name }) => name === 'pipeline') ?? loaded[0]
  return found ? { pipeline: found.name, type: found.type } : { pipeline: 'pipeline' }
}
