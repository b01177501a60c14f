import { type CodeCell, joined, type Notebook } from '../notebook/nbformat.js'
import { type OutputMessage, outputGatherer } from '../notebook/outputs.js'

/** What of a kernel a run needs. */
export interface CellRunner {
  /** Runs a cell's source; ends when the kernel has answered and is idle, throws when the kernel has ended. */
  execute(source: string): AsyncIterable<KernelMessage>
  interrupt(): Promise<void>
  kill(): void
  /** what a cell still says after it has ended */
  messages: AsyncIterable<KernelMessage>
}

export interface KernelMessage extends OutputMessage {
  parent_header: { msg_id?: string }
}

export type RunEnd =
  | { status: 'done' }
  | { status: 'error'; cell: CodeCell; error: RunError }
  | { status: 'stopped'; cell?: CodeCell }

interface RunError {
  ename: string
  evalue: string
}

interface ReplyContent {
  status: 'ok' | 'error' | 'aborted'
  execution_count: number
  ename: string
  evalue: string
}

/** As the kernel says it of a cell that ends by itself when it is stopped. */
const killed = { ename: 'InterruptedError', evalue: 'The cell was stopped' }

/** A stopped cell may take this long to end by itself; then its kernel is killed. */
const interruptGraceMs = 3000

/**
 * Runs the code cells in order, writing their counts and outputs into the notebook, up to the first that fails; an error that comes
 * after its cell has ended, as in a timer, ends the run after the cell that runs then.
 * @param stop `signal` ends the run, what the cells printed until then stays; `now` kills the kernel
 * @param onMessage hears every message, after it has been written into its cell
 */
export async function runCells(
  notebook: Notebook,
  kernel: CellRunner,
  stop: { signal: AbortSignal; now: AbortSignal },
  onCell: (cell: CodeCell, place: { number: number; count: number }) => void,
  onMessage: (cell: CodeCell, message: OutputMessage) => void,
): Promise<RunEnd> {
  const gather = outputGatherer()
  const cells = notebook.cells.filter(cell => cell.cell_type === 'code')
  for (const cell of cells) Object.assign(cell, { execution_count: null, outputs: [] })
  const runnable = cells.filter(cell => joined(cell.source).trim())

  const cellOf = new Map<string | undefined, CodeCell>()
  const take = (cell: CodeCell, message: OutputMessage) => {
    gather(cell.outputs, message)
    onMessage(cell, message)
  }
  let lateFailure: Extract<RunEnd, { status: 'error' }> | undefined
  void (async () => {
    for await (const message of kernel.messages) {
      const cell = cellOf.get(message.parent_header.msg_id)
      if (!cell) continue
      take(cell, message)
      if (message.header.msg_type === 'error')
        lateFailure ??= { status: 'error', cell, error: message.content as RunError }
    }
  })()

  let killTimer: NodeJS.Timeout | undefined
  const interrupt = () => {
    killTimer = setTimeout(() => kernel.kill(), interruptGraceMs)
    kernel.interrupt().catch(() => kernel.kill())
  }
  const kill = () => kernel.kill()
  stop.signal.addEventListener('abort', interrupt)
  stop.now.addEventListener('abort', kill)
  try {
    for (const [index, cell] of runnable.entries()) {
      if (stop.signal.aborted) return { status: 'stopped' }
      onCell(cell, { number: index + 1, count: runnable.length })
      let error: RunError | undefined
      try {
        for await (const message of kernel.execute(joined(cell.source))) {
          const content = message.content as Partial<ReplyContent>
          if (content.execution_count !== undefined) cell.execution_count = content.execution_count
          if (content.status === 'error') error = { ename: content.ename ?? '', evalue: content.evalue ?? '' }
          cellOf.set(message.parent_header.msg_id, cell)
          take(cell, message)
        }
      } catch (end) {
        const { name, message: evalue } = end as Error
        error = stop.signal.aborted ? killed : { ename: name, evalue }
        const message = {
          header: { msg_type: 'error' },
          content: { ...error, traceback: [`${error.ename}: ${error.evalue}`] },
        }
        take(cell, message)
      }
      if (stop.signal.aborted) return { status: 'stopped', cell }
      if (error) return { status: 'error', cell, error }
      if (lateFailure) return lateFailure
    }
    return { status: 'done' }
  } finally {
    stop.signal.removeEventListener('abort', interrupt)
    stop.now.removeEventListener('abort', kill)
    clearTimeout(killTimer)
  }
}
