import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type Disposable,
  Disposable as Disposables,
  type Event,
  EventEmitter,
  type ExtensionContext,
  type NotebookCell,
  type NotebookController,
  type NotebookDocument,
  Uri,
  window,
  workspace,
} from 'vscode'
import type { ErrorContent } from '../protocol/messages.js'
import { onDidCloseNotebook } from './closedNotebook.js'
import { createKernel, type Kernel, type KernelStart, nameOf } from './kernel.js'
import { type KernelHandle, startKernelProcess } from './kernelProcess.js'
import { log } from './log.js'
import { findNode } from './nodePath.js'
import { successorOf } from './successor.js'

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

  const listeners = Disposables.from(
    onDidCloseNotebook(notebook => void closed(notebook)),
    controller.onDidChangeSelectedNotebooks(({ notebook, selected: isSelected }) => {
      if (!isSelected) return void selected.delete(notebook)
      selected.add(notebook)
      resume(notebook)
    }),
  )

  return {
    of,
    run,
    async restart(notebook) {
      await shutdown(notebook)
      // of two that were asked for, the other has started it
      if (!of(notebook)) start(notebook, spawn)
    },
    shutdown,
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

  /** Takes up the kernel that an earlier window, or an earlier name, has left. */
  function resume(notebook: NotebookDocument) {
    const handle = handles[key(notebook)]
    if (handle && selected.has(notebook) && !of(notebook) && workspace.isTrusted)
      start(notebook, async () => ({ handle }))
  }

  async function closed(notebook: NotebookDocument) {
    const kernel = of(notebook)
    const handle = handles[key(notebook)]
    if (!kernel) return
    const successor = handle && (await successorOf(notebook))
    if (!successor || of(successor)) return shutdown(notebook)
    kernel.leave()
    kernels.delete(key(notebook))
    remember(notebook, undefined)
    remember(successor, handle)
    resume(successor)
  }

  function start(notebook: NotebookDocument, find: (notebook: NotebookDocument) => Promise<KernelStart>) {
    const kernel: Kernel = createKernel({
      ...{ notebook, controller, start: () => find(notebook) },
      changed: () => change.fire(notebook),
      died(how, wasResumed) {
        if (of(notebook) !== kernel) return
        remember(notebook, undefined)
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
    remember(notebook, started.handle)
    return started
  }

  function shutdown(notebook: NotebookDocument): Promise<void> {
    const kernel = of(notebook)
    if (!kernel) return Promise.resolve()
    const under = ending.get(key(notebook)) ?? end(notebook, kernel).finally(() => ending.delete(key(notebook)))
    ending.set(key(notebook), under)
    return under
  }

  async function end(notebook: NotebookDocument, kernel: Kernel) {
    await kernel.shutdown()
    kernels.delete(key(notebook))
    remember(notebook, undefined)
    change.fire(notebook)
  }

  async function offerRestart(notebook: NotebookDocument, kernel: Kernel, how: string) {
    const [restart, open] = ['Restart', 'Open Log']
    const answer = await window.showErrorMessage(`${nameOf(notebook)}: ${how.split('\n', 1)[0]}`, restart, open)
    if (answer === open) log.show()
    // it may be closed by now, or have another
    if (answer === restart && of(notebook) === kernel) start(notebook, spawn)
  }

  function remember(notebook: NotebookDocument, handle: KernelHandle | undefined) {
    if (handle) handles[key(notebook)] = handle
    else delete handles[key(notebook)]
    void context.workspaceState.update(storeKey, handles)
  }
}

const key = (notebook: NotebookDocument) => notebook.uri.toString()

/** Where its cells run: beside it; one that has no file yet, in the workspace. */
export function folderOf({ uri }: NotebookDocument): string {
  if (uri.scheme === 'file') return dirname(uri.fsPath)
  const [first] = workspace.workspaceFolders ?? []
  return first?.uri.scheme === 'file' ? first.uri.fsPath : Uri.file(homedir()).fsPath
}
