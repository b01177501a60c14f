import {
  CancellationTokenSource,
  type NotebookCell,
  type NotebookCellExecution,
  type NotebookController,
  type NotebookDocument,
  window,
} from 'vscode'
import { type CommMessage, type ErrorContent, type Message, type MessageOf, message } from '../protocol/messages.js'
import { type SessionState, type StaleCell, sessionTarget } from '../protocol/session.js'
import { createCellOutputs } from './cellOutputs.js'
import { endKernel } from './endKernel.js'
import { connectKernel, type KernelConnection } from './kernelConnection.js'
import { hasEnded, type KernelHandle, killKernelProcess, lastWordsOf } from './kernelProcess.js'

/** A kernel as the rest of the extension sees it. */
export interface Kernel {
  readonly notebook: NotebookDocument
  readonly state: 'starting' | 'idle' | 'busy' | 'dead'
  /** as last told; asked anew after each cell */
  readonly session: SessionState | undefined
  /** cells that would show something else if they ran again */
  readonly stale: StaleCell[]
  /** when it is dead: how it ended */
  readonly death: string | undefined
  /** Queues cells. */
  run(cells: readonly NotebookCell[]): void
  interrupt(): Promise<void>
  /** Ends the process, and with it what it holds of the GPU. */
  shutdown(): Promise<void>
  /** Leaves the process to the next window. */
  leave(): void
}

/** A process to connect to; `exit` tells how it ended, where this window has started it. */
export interface KernelStart {
  handle: KernelHandle
  exit?: Promise<string>
}

export interface KernelParts {
  notebook: NotebookDocument
  controller: NotebookController
  /** Starts its process, or finds the one of an earlier window. */
  start(): Promise<KernelStart>
  /** The state, the session or the stale cells are others. */
  changed(): void
  /** The kernel has ended by itself; `wasResumed`: it was gone before this window could reach it. */
  died(how: string, wasResumed: boolean): void
  failed(cell: NotebookCell, error: ErrorContent, count: number | undefined): void
  begins(cell: NotebookCell): void
}

interface Run {
  cell: NotebookCell
  execution: NotebookCellExecution
  hasBegun: boolean
  /** gone when it has ended */
  end: CancellationTokenSource
}

/** The kernel of a notebook; its process starts at once. */
export function createKernel(parts: KernelParts): Kernel {
  const { notebook, controller, changed } = parts
  const outputs = createCellOutputs(controller)
  /** by their requests */
  const runs = new Map<string, Run>()
  /** of requests that have ended, as their cells may go on to print */
  const cells = new Map<string, NotebookCell>()
  /** asked for before the kernel listens */
  const early: Run[] = []
  const comm = crypto.randomUUID()
  let connection: KernelConnection | undefined
  let handle: KernelHandle | undefined
  let exit: Promise<string> | undefined
  let death: string | undefined
  let session: SessionState | undefined
  let stale: StaleCell[] = []
  let isLeaving = false

  const started = start().catch(error => end((error as Error).message))

  return {
    notebook,
    get state() {
      if (death !== undefined) return 'dead'
      if (!connection) return 'starting'
      return runs.size ? 'busy' : 'idle'
    },
    get session() {
      return session
    },
    get stale() {
      return stale
    },
    get death() {
      return death
    },

    run(cells) {
      for (const cell of cells) {
        const run: Run = {
          ...{ cell, execution: controller.createNotebookCellExecution(cell) },
          ...{ hasBegun: false, end: new CancellationTokenSource() },
        }
        if (death !== undefined) endRun(run, undefined)
        else if (connection) ask(run)
        else early.push(run)
      }
      changed()
    },

    async interrupt() {
      for (const run of early.splice(0)) endRun(run, undefined)
      send(message('interrupt_request', {}))
    },

    async shutdown() {
      isLeaving = true
      for (const run of early.splice(0)) endRun(run, undefined)
      await started
      if (!handle || death !== undefined) return
      await endKernel(handle, connection)
      end('was shut down')
    },

    leave() {
      isLeaving = true
      connection?.close()
      // where it is taken up, they are shown anew
      for (const run of [...runs.values(), ...early.splice(0)]) endRun(run, undefined)
      runs.clear()
    },
  }

  async function start() {
    ;({ handle, exit } = await parts.start())
    const lost = () => void connectionLost()
    connection = await connectKernel(handle, !exit, receive, lost)
    resume(connection)
    connection.start()
    send(message('comm_open', { comm_id: comm, target_name: sessionTarget, data: {} }))
    for (const run of early.splice(0)) ask(run)
    if (!runs.size) askState()
    changed()
  }

  /** Cells whose run was not over when the window went away are shown anew. */
  function resume({ resumed }: KernelConnection) {
    // a cell that ran twice shows its last run
    const last = new Map(resumed.map(({ msg_id, cell }) => [cell, msg_id]))
    for (const [id, msg_id] of last) {
      const cell = notebook.getCells().find(cell => cell.metadata.id === id)
      // one that runs anew meanwhile shows that run
      if (!cell || early.some(run => run.cell === cell)) continue
      cells.set(msg_id, cell)
      const execution = controller.createNotebookCellExecution(cell)
      runs.set(msg_id, { cell, execution, hasBegun: false, end: new CancellationTokenSource() })
    }
  }

  function ask(run: Run) {
    const request = message('execute_request', {
      ...{ code: run.cell.document.getText(), silent: false, store_history: true, user_expressions: {} },
      ...{ allow_stdin: true, stop_on_error: true },
    })
    request.metadata.cellId = run.cell.metadata.id
    runs.set(request.header.msg_id, run)
    cells.set(request.header.msg_id, run.cell)
    send(request)
  }

  function send(message: Message) {
    connection?.send(message)
  }

  function receive(message: Message) {
    if (message.header.msg_type === 'comm_msg') return hear((message as MessageOf<'comm_msg'>).content.data)
    const id = String(message.parent_header.msg_id)
    const run = runs.get(id)
    switch (message.header.msg_type) {
      case 'execute_input':
        return run && begin(run, message as MessageOf<'execute_input'>)
      case 'execute_reply': {
        if (!run) return
        const { status } = (message as MessageOf<'execute_reply'>).content
        runs.delete(id)
        endRun(run, status === 'aborted' ? undefined : status === 'ok', Date.parse(message.header.date))
        if (!runs.size) askState()
        return changed()
      }
      case 'input_request':
        return run && void input(run, message as MessageOf<'input_request'>)
      default: {
        const cell = cells.get(id)
        if (!cell) return
        outputs.receive(cell, message)
        if (message.header.msg_type !== 'error') return
        const { executionOrder } = run?.execution ?? cell.executionSummary ?? {}
        parts.failed(cell, (message as MessageOf<'error'>).content, executionOrder)
      }
    }
  }

  /** Times are the kernel's: it may have run while the window was away. */
  function begin(run: Run, { header, content }: MessageOf<'execute_input'>) {
    run.hasBegun = true
    run.execution.executionOrder = content.execution_count
    run.execution.start(Date.parse(header.date))
    outputs.began(run.execution)
    parts.begins(run.cell)
  }

  function endRun(run: Run, success: boolean | undefined, time = Date.now()) {
    run.end.cancel()
    if (run.hasBegun) outputs.ends(run.execution)
    run.execution.end(success, run.hasBegun ? time : undefined)
  }

  async function input(run: Run, request: MessageOf<'input_request'>) {
    const { prompt, password } = request.content
    const options = { prompt: prompt || 'The cell asks for a line of text', password, ignoreFocusOut: true }
    const value = await window.showInputBox(options, run.end.token)
    if (run.end.token.isCancellationRequested) return
    send(message('input_reply', { value: value ?? '' }, request.header))
  }

  function askState() {
    const data = { request: 'state' }
    send(message('comm_msg', { comm_id: comm, data }))
  }

  function hear(data: CommMessage['content']['data']) {
    if ('stale' in data) stale = data.stale as unknown as StaleCell[]
    else if ('variables' in data) session = data as unknown as SessionState
    else return
    changed()
  }

  async function connectionLost() {
    if (isLeaving || death !== undefined) return
    const isOver = await hasEnded(handle!, 1000)
    if (!isOver) killKernelProcess(handle!) // nobody can speak to it
    const how = exit && isOver ? await exit : 'has gone'
    end(`The kernel ${how}${await lastWordsOf(handle!.logFile)}`)
  }

  function end(how: string) {
    if (death !== undefined) return
    death = how
    connection?.close()
    session = undefined
    stale = []
    for (const run of [...runs.values(), ...early.splice(0)]) {
      if (run.hasBegun && !isLeaving) outputs.fail(run.cell, { ename: 'KernelDied', evalue: how })
      endRun(run, run.hasBegun ? false : undefined)
    }
    runs.clear()
    if (!isLeaving) parts.died(how, !connection && handle !== undefined && !exit)
    changed()
  }
}
