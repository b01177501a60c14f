import { type NotebookDocument, Uri, window, workspace } from 'vscode'
import type { SavePicture } from '../../protocol/rendererMessages.js'
import { folderOf } from '../notebooks.js'
import { pictureFileName } from './pictureFileName.js'
import { withParameters } from './pngText.js'

/** where the last picture went */
let folder: Uri | undefined

/**
 * Asks where to, and writes the PNG.
 * @throws Error where it cannot be written
 */
export async function savePicture(notebook: NotebookDocument, { png, parameters, name }: SavePicture): Promise<void> {
  const defaultUri = Uri.joinPath(folder ?? Uri.file(folderOf(notebook)), `${pictureFileName(name)}.png`)
  const target = await window.showSaveDialog({ defaultUri, filters: { PNG: ['png'] }, title: 'Save picture' })
  if (!target) return
  const bytes = Buffer.from(png, 'base64')
  try {
    await workspace.fs.writeFile(target, parameters ? withParameters(bytes, parameters) : bytes)
  } catch (error) {
    throw new Error(`${target.fsPath} was not written: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
  folder = Uri.joinPath(target, '..')
  window.setStatusBarMessage(`Saved ${target.fsPath}`, 5000)
}
