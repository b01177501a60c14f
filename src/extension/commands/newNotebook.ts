import { commands, type Disposable, Uri, window, workspace } from 'vscode'
import { parseNotebook } from '../../notebook/parse.js'
import { newId, notebookData } from '../notebookData.js'
import type { CommandDeps } from './deps.js'
import { reporting } from './reporting.js'

/** What a new notebook may begin as: a file of templates/. */
export const templates = [
  { name: 'blank', label: '$(file) Blank', detail: 'One empty cell.' },
  {
    name: 'text-to-image',
    label: '$(device-camera) Text to image',
    detail: 'A prompt, a picture. The model that comes with the extension draws it at once.',
  },
  {
    name: 'seeds',
    label: '$(layout) Grid of seeds',
    detail: 'One prompt, nine seeds side by side; then the best of them again, with more steps.',
  },
  {
    name: 'settings',
    label: '$(settings) Compare settings',
    detail: 'One seed over guidance scales and schedulers, as a grid.',
  },
]

/** `sdnb.newNotebook`: an untitled notebook of a template. */
export function registerNewNotebook(deps: CommandDeps): Disposable {
  return commands.registerCommand('sdnb.newNotebook', reporting(deps, newNotebook))
}

/** @param name of a template; asked for where it is not given */
async function newNotebook(deps: CommandDeps, name?: unknown): Promise<void> {
  const template =
    templates.find(template => template.name === name) ??
    (await window.showQuickPick(templates, { title: 'New SD notebook' }))
  if (!template) return
  const file = Uri.joinPath(deps.templates, `${template.name}.sdnb`)
  const text = new TextDecoder().decode(await workspace.fs.readFile(file))
  const data = notebookData(parseNotebook(text))
  // two of one template are two notebooks
  for (const cell of data.cells) cell.metadata = { ...cell.metadata, id: newId() }
  const notebook = await workspace.openNotebookDocument('sdnb', data)
  await window.showNotebookDocument(notebook)
}
