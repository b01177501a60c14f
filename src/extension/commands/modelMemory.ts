import { commands, type Disposable, type QuickPickItem, QuickPickItemKind, window, workspace } from 'vscode'
import { nameOf } from '../notebooks.js'
import type { CommandDeps } from './deps.js'
import { type MemoryItem, memoryItems } from './memoryItems.js'
import { reporting } from './reporting.js'

/** `sdnb.showModelMemory`: what the kernels of all open notebooks hold. */
export function registerModelMemory(deps: CommandDeps): Disposable {
  return commands.registerCommand('sdnb.showModelMemory', reporting(deps, showModelMemory))
}

async function showModelMemory({ kernels }: CommandDeps): Promise<void> {
  const items = workspace.notebookDocuments.flatMap(notebook => {
    const kernel = kernels.of(notebook)
    if (!kernel || kernel.state === 'dead') return []
    const separator: QuickPickItem = { label: nameOf(notebook), kind: QuickPickItemKind.Separator }
    return [separator, ...memoryItems(kernel.session).map(item => ({ ...item, notebook }))]
  })
  if (items.length === 0) {
    void window.showInformationMessage('No kernel runs: it starts with the first cell of a notebook that runs.')
    return
  }
  const item = await window.showQuickPick<QuickPickItem & Partial<MemoryItem & { notebook: never }>>(items as never, {
    title: 'Memory of models',
  })
  if (item?.shutsDown && item.notebook) await kernels.shutdown(item.notebook)
}
