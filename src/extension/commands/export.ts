import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import {
  commands,
  type Disposable,
  Disposable as Disposables,
  env,
  NotebookCellData,
  NotebookData,
  type NotebookDocument,
  ProgressLocation,
  Uri,
  window,
  workspace,
} from 'vscode'
import { serialiseNotebook } from '../../notebook/serialise.js'
import { savedNotebook } from '../notebookData.js'
import { activeNotebook, folderOf } from '../notebooks.js'
import { askCommandLine } from './commandLine.js'
import type { CommandDeps } from './deps.js'
import { reporting } from './reporting.js'

const formats = {
  'sdnb.exportHtml': { to: 'html', label: 'Page', description: '.html, opens in any browser' },
  'sdnb.exportMarkdown': { to: 'md', label: 'Markdown', description: '.md, with its pictures in a folder beside it' },
  'sdnb.exportIpynb': { to: 'ipynb', label: 'Jupyter notebook', description: '.ipynb' },
  'sdnb.exportTypeScript': { to: 'ts', label: 'TypeScript', description: '.ts, a module of all cells' },
}

type Format = (typeof formats)[keyof typeof formats]

/** `sdnb.export`, which asks for the format, and `sdnb.exportHtml` and the like: the notebook in front as it stands, by `sdnb export`. */
export function registerExport(deps: CommandDeps): Disposable {
  const asked = () => window.showQuickPick(Object.values(formats), { title: 'Export the notebook' })
  return Disposables.from(
    commands.registerCommand(
      'sdnb.export',
      reporting(deps, async deps => {
        const format = await asked()
        if (format) await exportNotebook(deps, format)
      }),
    ),
    ...Object.entries(formats).map(([id, format]) =>
      commands.registerCommand(
        id,
        reporting(deps, deps => exportNotebook(deps, format)),
      ),
    ),
  )
}

async function exportNotebook({ findNode, cliFile }: CommandDeps, { to, label }: Format): Promise<void> {
  const notebook = activeNotebook()
  if (!notebook) {
    void window.showInformationMessage('Open an SD notebook (.sdnb) first.')
    return
  }
  const title = basename(notebook.uri.path, extname(notebook.uri.path))
  const target = await window.showSaveDialog({
    title: `Export ${title}`,
    defaultUri: Uri.file(join(folderOf(notebook), `${title}.${to}`)),
    filters: { [label]: to === 'ts' ? ['ts', 'mts'] : [to] },
  })
  if (!target) return
  const commandLine = { node: await findNode(), cliFile }
  const folder = await mkdtemp(join(tmpdir(), 'sdnb-export-'))
  try {
    const file = join(folder, `${title}.sdnb`)
    await writeFile(file, asItStands(notebook))
    const { warnings = [] } = await window.withProgress(
      { location: ProgressLocation.Window, title: `Exporting ${title}` },
      () =>
        askCommandLine<{ warnings?: string[] }>(commandLine, ['export', file, '--to', to, '--output', target.fsPath]),
    )
    for (const warning of warnings) void window.showWarningMessage(warning)
  } finally {
    await rm(folder, { recursive: true })
  }
  await offer(target, to)
}

/** Its text with all outputs, whatever is set for saving. */
function asItStands(notebook: NotebookDocument): string {
  const data = new NotebookData(
    notebook.getCells().map(cell => {
      const { languageId } = cell.document
      const data = new NotebookCellData(cell.kind, cell.document.getText(), languageId)
      const { metadata, executionSummary } = cell
      return Object.assign(data, { metadata, executionSummary, outputs: [...cell.outputs] })
    }),
  )
  data.metadata = notebook.metadata
  return serialiseNotebook(savedNotebook(data, { outputs: 'all', executionCounts: true }))
}

async function offer(target: Uri, to: Format['to']): Promise<void> {
  const [open, reveal] = ['Open', 'Reveal']
  const answer = await window.showInformationMessage(`Exported to ${basename(target.fsPath)}.`, open, reveal)
  if (answer === reveal) {
    const isInWorkspace = workspace.getWorkspaceFolder(target) !== undefined
    await commands.executeCommand(isInWorkspace ? 'revealInExplorer' : 'revealFileInOS', target)
  } else if (answer === open && to === 'html') await env.openExternal(target)
  else if (answer === open) await commands.executeCommand('vscode.open', target)
}
