import { message, type UserExpression } from '../../protocol/messages.js'
import type { CellToRun, FromRunner, Outcome } from '../threads.js'
import { createBindings } from './bindings.js'
import { type RunningCell, runInCell } from './cell.js'
import { mimeBundle } from './display.js'
import { errorContent } from './errors.js'
import { type CompiledRun, execute, type Session } from './execute.js'
import { InterruptedError } from './interruptedError.js'
import { createModules } from './modules.js'
import { nameWatch } from './names.js'
import { createOutlet } from './outlet.js'
import { clearTimers } from './started.js'
import { nextTurn } from './turn.js'

/** Runs the cells of one notebook on this thread, one at a time. */
export interface Runner {
  run(cell: CellToRun): void
  /** Ends the cell that runs, and `other`, a cell that has ended but whose code held the thread. */
  interrupt(other?: RunningCell): void
  session: Session
}

/** Cells may replace the global one. */
const Controller = AbortController

/**
 * The process's output and exits must have been captured (`capture.ts`).
 * @param post tells the other thread, also out of a loop that never yields
 * @param isStopWanted whether an interrupt has been asked for that this thread has not heard yet
 */
export function createRunner({
  cwd,
  post,
  isStopWanted,
}: {
  cwd: string
  post: (message: FromRunner) => void
  isStopWanted: () => boolean
}): Runner {
  const modules = createModules(cwd)
  const bindings = createBindings({ require: modules.require })
  const session: Session = { cwd, bindings, modules, watchNames: nameWatch(bindings) }
  let running: RunningCell | undefined

  return { run, interrupt, session }

  function interrupt(other?: RunningCell) {
    const stopped = new InterruptedError('The cell was stopped')
    if (other && other !== running) other.end(stopped)
    running?.end(stopped)
  }

  /**
   * A cell ends by itself or by {@link RunningCell.end}, whichever comes first. The second must not wait for any promise: when V8 ends
   * what runs, it forgets all that waits for promises.
   */
  function run({ header, code, count, silent, expressions }: CellToRun) {
    const outlet = createOutlet(header, said => {
      try {
        post(said)
      } catch (error) {
        // a value that cannot leave this thread, as a symbol
        post({ type: 'output', message: message('error', failed(error), header) })
      }
    })
    const stop = new Controller()
    let failure: ReturnType<typeof errorContent> | undefined
    let hasEnded = false
    let compiled: CompiledRun | undefined

    const failed = (thrown: unknown) => {
      const content = errorContent(thrown, { count, code })
      if (!hasEnded) failure ??= content
      return content
    }
    const cell: RunningCell = {
      parent: header,
      outlet,
      signal: stop.signal,
      isStopWanted: () => running === cell && isStopWanted(),
      report: thrown => outlet.send(message('error', failed(thrown), header)),
      end(error) {
        if (error !== undefined) cell.report(error)
        stop.abort(error ?? new DOMException('The cell has ended', 'AbortError'))
        clearTimers(cell)
        compiled?.ended()
        ended({})
      },
    }
    const ended = (expressions: Record<string, UserExpression>) => {
      if (hasEnded) return
      outlet.close()
      hasEnded = true
      running = undefined
      const names = compiled?.names()
      const outcome: Outcome = failure
        ? { status: 'error', error: failure, names }
        : { status: 'ok', expressions, names }
      try {
        post({ type: 'ended', id: header.msg_id, outcome })
      } catch (error) {
        post({ type: 'ended', id: header.msg_id, outcome: { status: 'error', error: failed(error), names } })
      }
    }

    running = cell
    void runInCell(cell, async () => {
      let values: Record<string, UserExpression> = {}
      try {
        const value = await execute(code, count, session, cell, run => {
          compiled = run
        })
        // what was rejected without a handler is told in this turn
        await nextTurn()
        if (value !== undefined && !silent && !failure) {
          const data = await mimeBundle(value)
          outlet.send(message('execute_result', { execution_count: count, data, metadata: {} }, header))
        }
        if (!failure) values = await evaluated(expressions, count, cell)
        await outlet.settled()
      } catch (error) {
        if (!hasEnded) cell.report(error)
      } finally {
        ended(values)
      }
    })
  }

  async function evaluated(expressions: Record<string, string>, count: number, cell: RunningCell) {
    const values: Record<string, UserExpression> = {}
    for (const [name, code] of Object.entries(expressions)) {
      try {
        const data = await mimeBundle(await execute(code, count, session, cell))
        values[name] = { status: 'ok', data, metadata: {} }
      } catch (error) {
        values[name] = { status: 'error', ...errorContent(error, { count, code }) }
      }
    }
    return values
  }
}
