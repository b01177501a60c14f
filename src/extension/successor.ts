import { type NotebookDocument, workspace } from 'vscode'

/** A notebook that is saved under another name, or renamed, closes before or after the new one opens, ms. */
const patienceMs = 3000

/** The notebook that a closed one lives on as: it has the same cells, and the closed one's file is not there. */
export async function successorOf(closed: NotebookDocument): Promise<NotebookDocument | undefined> {
  if (!closed.isUntitled && (await exists(closed))) return undefined
  const ids = idsOf(closed)
  for (const end = Date.now() + patienceMs; Date.now() < end; ) {
    const open = workspace.notebookDocuments.find(other => other !== closed && !other.isClosed && idsOf(other) === ids)
    if (open) return open
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return undefined
}

const idsOf = (notebook: NotebookDocument) => JSON.stringify(notebook.getCells().map(cell => cell.metadata.id))

const exists = ({ uri }: NotebookDocument) =>
  Promise.resolve(workspace.fs.stat(uri)).then(
    () => true,
    () => false,
  )
