import { isDeepStrictEqual } from 'node:util'
import type { NotebookCell, NotebookCellExecution, NotebookCellOutput, NotebookController } from 'vscode'
import type { Output } from '../notebook/nbformat.js'
import type { DisplayContent, Message, MessageOf } from '../protocol/messages.js'
import { cellOutput, streamItem } from './cellOutput.js'

/** Puts a notebook's messages into its cells. */
export interface CellOutputs {
  /** An execution of the cell has begun: its outputs give way to what comes now. */
  began(execution: NotebookCellExecution): void
  /** It is about to end; what still comes of the cell is late. */
  ends(execution: NotebookCellExecution): void
  /** Takes what a cell prints and shows; other messages are passed over. */
  receive(cell: NotebookCell, message: Message): void
  /** Shows an error that no message tells. */
  fail(cell: NotebookCell, error: { ename: string; evalue: string }): void
}

/** Late output is gathered for so long, ms: each time it is put into a cell, that seems to run for a moment. */
const lateMs = 50

type Edit = (execution: NotebookCellExecution) => void

interface Shown {
  /** all of the cell, as VS Code will have them when it has taken what it was told */
  outputs: NotebookCellOutput[]
  /** the last output, when it is of a stream: more of the same goes there */
  stream?: { name: 'stdout' | 'stderr'; output: NotebookCellOutput }
  /** as `clear_output` with `wait` */
  isClearedByNext?: boolean
}

export function createCellOutputs(controller: NotebookController): CellOutputs {
  const running = new Map<NotebookCell, NotebookCellExecution>()
  const shown = new WeakMap<NotebookCell, Shown>()
  const displays = new Map<string, { cell: NotebookCell; output: NotebookCellOutput }[]>()
  const late = new Map<NotebookCell, Edit[]>()

  return {
    began(execution) {
      const { cell } = execution
      running.set(cell, execution)
      late.delete(cell)
      clear(cell, execution)
    },
    ends({ cell }) {
      running.delete(cell)
    },
    receive,
    fail: (cell, { ename, evalue }) =>
      append(cell, { output_type: 'error', ename, evalue, traceback: [`${ename}: ${evalue}`] }),
  }

  function receive(cell: NotebookCell, message: Message) {
    switch (message.header.msg_type) {
      case 'stream': {
        const { name, text } = (message as MessageOf<'stream'>).content
        return print(cell, name, text)
      }
      case 'display_data':
      case 'execute_result': {
        const content = message.content as DisplayContent & { execution_count?: number }
        const { data, metadata, execution_count } = content
        const output = append(
          cell,
          execution_count === undefined
            ? { output_type: 'display_data', data, metadata }
            : { output_type: 'execute_result', execution_count, data, metadata },
        )
        const id = content.transient?.display_id
        if (id !== undefined) displays.set(id, [...(displays.get(id) ?? []), { cell, output }])
        return
      }
      case 'update_display_data': {
        const content = message.content as DisplayContent
        for (const display of displays.get(content.transient.display_id ?? '') ?? []) update(display, content)
        return
      }
      case 'error':
        append(cell, { output_type: 'error', ...(message as MessageOf<'error'>).content })
        return
      case 'clear_output':
        if ((message as MessageOf<'clear_output'>).content.wait) stateOf(cell).isClearedByNext = true
        else edit(cell, execution => clear(cell, execution))
    }
  }

  function print(cell: NotebookCell, name: 'stdout' | 'stderr', text: string) {
    const { stream, isClearedByNext } = stateOf(cell)
    if (stream?.name === name && !isClearedByNext) {
      const item = streamItem(name, text)
      stream.output.items.push(item)
      return edit(cell, execution => void execution.appendOutputItems(item, stream.output))
    }
    const output = append(cell, { output_type: 'stream', name, text })
    stateOf(cell).stream = { name, output }
  }

  function append(cell: NotebookCell, content: Output): NotebookCellOutput {
    const output = cellOutput(content)
    const state = stateOf(cell)
    if (state.isClearedByNext) {
      shown.set(cell, { outputs: [output] })
      forget(cell)
      // in one go, so that nothing flickers
      edit(cell, execution => void execution.replaceOutput(output))
    } else {
      delete state.stream
      state.outputs.push(output)
      edit(cell, execution => void execution.appendOutput(output))
    }
    return output
  }

  function update({ cell, output }: { cell: NotebookCell; output: NotebookCellOutput }, content: DisplayContent) {
    const { items, metadata } = cellOutput({ output_type: 'display_data', ...content })
    const { output_type, execution_count } = output.metadata!
    const kept = { ...metadata, output_type, ...(execution_count !== undefined && { execution_count }) }
    const isOnlyItems = isDeepStrictEqual(kept, output.metadata)
    Object.assign(output, { items, metadata: kept })
    edit(cell, execution => {
      // VS Code changes items in place, metadata only with the outputs
      if (isOnlyItems) execution.replaceOutputItems(items, output)
      else execution.replaceOutput(stateOf(cell).outputs)
    })
  }

  function clear(cell: NotebookCell, execution: NotebookCellExecution) {
    shown.set(cell, { outputs: [] })
    forget(cell)
    execution.clearOutput()
  }

  /** What has gone is not updated. */
  function forget(cell: NotebookCell) {
    for (const [id, places] of displays) {
      const kept = places.filter(place => place.cell !== cell)
      if (kept.length) displays.set(id, kept)
      else displays.delete(id)
    }
  }

  function stateOf(cell: NotebookCell): Shown {
    const state = shown.get(cell) ?? { outputs: [] }
    shown.set(cell, state)
    return state
  }

  /** VS Code lets outputs be changed only while their cell runs. */
  function edit(cell: NotebookCell, change: Edit) {
    const execution = running.get(cell)
    if (execution) return change(execution)
    const waiting = late.get(cell)
    if (waiting) return void waiting.push(change)
    late.set(cell, [change])
    setTimeout(() => {
      const edits = late.get(cell)
      late.delete(cell)
      if (edits) runAgain(cell, edits)
    }, lateMs)
  }

  function runAgain(cell: NotebookCell, edits: Edit[]) {
    if (cell.index < 0) return // it has been deleted
    const { executionOrder, timing, success } = cell.executionSummary ?? {}
    let execution: NotebookCellExecution
    try {
      execution = controller.createNotebookCellExecution(cell)
    } catch {
      return // it waits for its turn, and will begin anew
    }
    execution.executionOrder = executionOrder
    execution.start(timing?.startTime)
    for (const change of edits) change(execution)
    execution.end(success, timing?.endTime)
  }
}
