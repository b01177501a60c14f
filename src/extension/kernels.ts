import { join } from 'node:path'
import {
  commands,
  type Disposable,
  Disposable as Disposables,
  type Event,
  EventEmitter,
  type ExtensionContext,
  type NotebookCell,
  type NotebookController,
  type NotebookDocument,
  window,
  workspace,
} from 'vscode'
import type { ErrorContent } from '../protocol/messages.js'
import { endKernel } from './endKernel.js'
import { createKernel, type Kernel, type KernelStart } from './kernel.js'
import { holdKernel } from './kernelConnection.js'
import { type KernelHandle, startKernelProcess } from './kernelProcess.js'
import { log } from './log.js'
import { findNode } from './nodePath.js'
import { watchNotebookMoves } from './notebookMoves.js'
import { activeNotebook, folderOf, nameOf } from './notebooks.js'
import { notebooksWithTabs, onDidChangeNotebookTabs } from './notebookTabs.js'

/** The kernels of the window, one a notebook. */
export interface Kernels extends Disposable {
  of(notebook: NotebookDocument): Kernel | undefined
  /** Runs cells; a kernel that is not there is started. */
  run(notebook: NotebookDocument, cells: readonly NotebookCell[]): void
  /** Ends the kernel and starts another. */
  restart(notebook: NotebookDocument): Promise<void>
  shutdown(notebook: NotebookDocument): Promise<void>
  /** a kernel started, ended, or has another state or session */
  readonly onDidChange: Event<NotebookDocument>
  readonly onDidFail: Event<CellFailure>
  readonly onDidBegin: Event<NotebookCell>
}

export interface CellFailure {
  cell: NotebookCell
  error: ErrorContent
  /** of the execution that failed */
  count: number | undefined
}

/** Where the handles of running kernels are kept over a reload of the window. */
const storeKey = 'kernels'

export function createKernels(context: ExtensionContext, controller: NotebookController): Kernels {
  const kernels = new Map<string, Kernel>()
  const change = new EventEmitter<NotebookDocument>()
  const fail = new EventEmitter<CellFailure>()
  const beginning = new EventEmitter<NotebookCell>()
  const handles = { ...context.workspaceState.get<Record<string, KernelHandle>>(storeKey) }

  /** shutdowns that are under way */
  const ending = new Map<string, Promise<void>>()
  /** only their cells can be shown as running */
  const selected = new WeakSet<NotebookDocument>()

  const moves = watchNotebookMoves()
  const listeners = Disposables.from(
    moves,
    onDidChangeNotebookTabs(({ opened, closed }) => {
      opened.forEach(hold)
      closed.forEach(tabClosed)
    }),
    workspace.onDidCloseNotebookDocument(({ uri }) => {
      if (!notebooksWithTabs().has(uri.toString())) tabClosed(uri.toString())
    }),
    controller.onDidChangeSelectedNotebooks(({ notebook, selected: isSelected }) => {
      if (!isSelected) return void selected.delete(notebook)
      selected.add(notebook)
      resume(notebook)
    }),
    window.onDidChangeActiveNotebookEditor(select),
  )

  for (const uri of notebooksWithTabs()) hold(uri)

  return {
    of,
    run,
    async restart(notebook) {
      await shutdown(key(notebook))
      // of two that were asked for, the other has started it
      if (!of(notebook)) start(notebook, spawn)
    },
    shutdown: notebook => shutdown(key(notebook)),
    onDidChange: change.event,
    onDidFail: fail.event,
    onDidBegin: beginning.event,
    dispose() {
      listeners.dispose()
      for (const kernel of kernels.values()) kernel.leave()
    },
  }

  function of(notebook: NotebookDocument): Kernel | undefined {
    return kernels.get(key(notebook))
  }

  function run(notebook: NotebookDocument, cells: readonly NotebookCell[]) {
    const isEnding = ending.get(key(notebook))
    if (isEnding) return void isEnding.then(() => run(notebook, cells))
    const kernel = of(notebook)
    const live = kernel && kernel.state !== 'dead' ? kernel : start(notebook, spawn)
    live.run(cells)
  }

  /** VS Code selects a controller when a cell runs, where it has not before under this name; a kernel that is there does not wait for that. */
  function select() {
    const notebook = activeNotebook()
    if (notebook && handles[key(notebook)] && !selected.has(notebook))
      void commands.executeCommand('notebook.selectKernel', { id: controller.id, extension: context.extension.id })
  }

  /** Takes up the kernel that an earlier window, or an earlier name, has left. */
  function resume(notebook: NotebookDocument) {
    const handle = handles[key(notebook)]
    if (handle && selected.has(notebook) && !of(notebook) && workspace.isTrusted)
      start(notebook, async () => ({ handle }))
  }

  /** A kernel that waits for its notebook's tab to be looked at does not wait in vain. */
  function hold(uri: string) {
    const handle = handles[uri]
    if (!handle || kernels.has(uri) || !workspace.isTrusted) return
    holdKernel(handle, () => {
      if (handles[uri] === handle && !kernels.has(uri)) remember(uri, undefined)
    })
  }

  function tabClosed(uri: string) {
    const kernel = kernels.get(uri)
    const handle = handles[uri]
    const successor = handle && moves.of(uri, kernel?.notebook)
    if (!successor || kernels.has(successor)) return void shutdown(uri)
    kernel?.leave()
    kernels.delete(uri)
    remember(uri, undefined)
    remember(successor, handle)
    hold(successor)
    select()
  }

  function start(notebook: NotebookDocument, find: (notebook: NotebookDocument) => Promise<KernelStart>) {
    const kernel: Kernel = createKernel({
      ...{ notebook, controller, start: () => find(notebook) },
      changed: () => change.fire(notebook),
      died(how, wasResumed) {
        if (of(notebook) !== kernel) return
        remember(key(notebook), undefined)
        // it has waited for this window as long as it does
        if (wasResumed) {
          kernels.delete(key(notebook))
          return log.info(`${nameOf(notebook)}: the kernel of the window before has gone: ${how}`)
        }
        log.error(`${nameOf(notebook)}: ${how}`)
        void offerRestart(notebook, kernel, how)
      },
      failed: (cell, error, count) => fail.fire({ cell, error, count }),
      begins: cell => beginning.fire(cell),
    })
    kernels.set(key(notebook), kernel)
    change.fire(notebook)
    return kernel
  }

  async function spawn(notebook: NotebookDocument): Promise<KernelStart> {
    if (!workspace.isTrusted) throw new Error('runs code when you trust the workspace')
    const node = await findNode()
    const device = workspace.getConfiguration('sdnb', notebook.uri).get('device', 'auto')
    const started = await startKernelProcess(node, {
      ...{ cwd: folderOf(notebook), device, logFolder: context.logUri.fsPath },
      kernelFile: join(context.extensionPath, 'dist/kernelProcess.js'),
    })
    log.info(`${nameOf(notebook)}: kernel ${started.handle.pid} on Node.js ${node.version}, ${node.execPath}`)
    remember(key(notebook), started.handle)
    return started
  }

  function shutdown(uri: string): Promise<void> {
    const under = ending.get(uri) ?? end(uri).finally(() => ending.delete(uri))
    ending.set(uri, under)
    return under
  }

  async function end(uri: string) {
    const kernel = kernels.get(uri)
    const handle = handles[uri]
    if (kernel) await kernel.shutdown()
    else if (handle) await endKernel(handle)
    kernels.delete(uri)
    remember(uri, undefined)
    if (kernel) change.fire(kernel.notebook)
  }

  async function offerRestart(notebook: NotebookDocument, kernel: Kernel, how: string) {
    const [restart, open] = ['Restart', 'Open Log']
    const answer = await window.showErrorMessage(`${nameOf(notebook)}: ${how.split('\n', 1)[0]}`, restart, open)
    if (answer === open) log.show()
    // it may be closed by now, or have another
    if (answer === restart && of(notebook) === kernel) start(notebook, spawn)
  }

  function remember(uri: string, handle: KernelHandle | undefined) {
    if (handle) handles[uri] = handle
    else if (uri in handles) delete handles[uri]
    else return
    void context.workspaceState.update(storeKey, handles)
  }
}

const key = (notebook: NotebookDocument) => notebook.uri.toString()
