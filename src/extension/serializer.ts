import {
  type Disposable,
  NotebookCellData,
  NotebookCellKind,
  NotebookData,
  type NotebookSerializer,
  workspace,
} from 'vscode'
import { parseNotebook } from '../notebook/parse.js'
import { notebookFile } from '../notebook/serialise.js'
import { newId, notebookData, type SaveOptions, savedNotebook } from './notebookData.js'

/**
 * Opens and saves `.sdnb`. What is no notebook does not open: an empty notebook in its place would destroy the file when it is
 * saved.
 */
export function registerSerializer(): Disposable {
  // a notebook whose outputs are not saved is not changed by them
  const transientOutputs = saveOptions().outputs === 'none'
  return workspace.registerNotebookSerializer('sdnb', serializer, { transientOutputs })
}

export const serializer: NotebookSerializer = {
  deserializeNotebook(bytes) {
    if (bytes.length === 0) return newNotebook()
    return notebookData(parseNotebook(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)))
  },
  serializeNotebook: data => notebookFile(savedNotebook(data, saveOptions())),
}

/** A file of 0 bytes, and a notebook that VS Code makes. */
function newNotebook(): NotebookData {
  const cell = new NotebookCellData(NotebookCellKind.Code, '', 'typescript')
  cell.metadata = { id: newId() }
  return new NotebookData([cell])
}

function saveOptions(): SaveOptions {
  const settings = workspace.getConfiguration('sdnb.outputs')
  return {
    outputs: settings.get('save', 'all' as const),
    executionCounts: settings.get('saveExecutionCounts', false),
  }
}
