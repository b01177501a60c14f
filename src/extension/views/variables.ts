import {
  commands,
  type Disposable,
  Disposable as Disposables,
  EventEmitter,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  window,
} from 'vscode'
import type { Kernels } from '../kernels.js'
import { activeNotebook } from '../notebooks.js'
import { type VariableNode, variableNodes } from './variableNodes.js'

/** The view `sdnb.variables`: what the session of the notebook in front holds, as it was after the last cell. */
export function registerVariables(kernels: Kernels): Disposable {
  const change = new EventEmitter<undefined>()
  const update = () => change.fire(undefined)
  const provider: TreeDataProvider<VariableNode> = {
    onDidChangeTreeData: change.event,
    getChildren: node => (node ? [] : variableNodes(sessionInFront())),
    getTreeItem({ kind, name, description, tooltip }) {
      const item = new TreeItem(name)
      item.iconPath = new ThemeIcon(kind === 'pipeline' ? 'circuit-board' : 'symbol-variable')
      return Object.assign(item, { description, tooltip, contextValue: kind })
    },
  }
  return Disposables.from(
    change,
    window.registerTreeDataProvider('sdnb.variables', provider),
    kernels.onDidChange(notebook => notebook === activeNotebook() && update()),
    window.onDidChangeActiveNotebookEditor(update),
    commands.registerCommand('sdnb.showVariables', () => commands.executeCommand('sdnb.variables.focus')),
    commands.registerCommand('sdnb.refreshVariables', update),
  )

  function sessionInFront() {
    const notebook = activeNotebook()
    return notebook && kernels.of(notebook)?.session
  }
}
