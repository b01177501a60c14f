import type { ExecuteRequest, Header, Message, Request } from '../protocol/messages.js'
import { message } from '../protocol/messages.js'
import { createBindings } from './bindings.js'
import { type RunningCell, runInCell } from './cell.js'
import { mimeBundle } from './display.js'
import { errorContent } from './errors.js'
import { execute, type Session } from './execute.js'
import { createModules } from './modules.js'
import { createOutlet } from './outlet.js'
import { type Queue, queue } from './queue.js'
import { nextTurn } from './turn.js'

export interface Kernel {
  /** Answers a request: its output as it comes, its reply, and `status: idle` last. Cells run one after another. */
  handle(request: Request): AsyncIterable<Message>
  /** what no open request owns, as the output of a timer after its cell has ended */
  messages: AsyncIterable<Message>
}

/** A cell that was stopped by an interrupt request. */
class InterruptedError extends Error {
  override name = 'InterruptedError'
}

/** Runs the cells of one notebook in this process, whose output and exits must have been captured (`capture.ts`). */
export function createKernel({ cwd }: { cwd: string }): Kernel {
  const modules = createModules(cwd)
  const session: Session = { cwd, bindings: createBindings({ require: modules.require }), modules }
  const late = queue<Message>()
  const running = new Set<RunningCell>()
  let before: Promise<void> = Promise.resolve()
  let count = 0
  /** cells that failed so far; a request behind one of them is not run */
  let failures = 0

  return {
    messages: late,
    handle(request) {
      const reply = queue<Message>()
      const { header } = request
      if (isExecute(request)) {
        const failed = failures
        before = before.then(() => executeRequest(request, reply, failed))
      } else {
        reply.push(message('status', { execution_state: 'busy' }, header))
        if (request.header.msg_type === 'interrupt_request') {
          for (const cell of running) cell.end(new InterruptedError('The cell was stopped'))
          reply.push(message('interrupt_reply', { status: 'ok' }, header))
        } else reply.push(message('shutdown_reply', { status: 'ok', restart: false }, header))
        reply.push(message('status', { execution_state: 'idle' }, header))
        reply.end()
      }
      return reply
    },
  }

  async function executeRequest({ header, content }: ExecuteRequest, reply: Queue<Message>, failed: number) {
    const { code, silent, stop_on_error } = content
    reply.push(message('status', { execution_state: 'busy' }, header))
    if (failures > failed) {
      reply.push(message('execute_reply', { status: 'aborted', execution_count: count }, header))
    } else {
      const counts = content.store_history && !silent
      const number = counts ? ++count : count
      if (!silent) reply.push(message('execute_input', { code, execution_count: number }, header))
      // what has been said so far is on its way before the cell takes the thread
      await nextTurn()
      const error = await runCell(code, number, header, reply, silent)
      if (error && stop_on_error) failures++
      reply.push(
        message(
          'execute_reply',
          error
            ? { status: 'error', execution_count: number, ...error }
            : { status: 'ok', execution_count: number, payload: [], user_expressions: {} },
          header,
        ),
      )
    }
    reply.push(message('status', { execution_state: 'idle' }, header))
    reply.end()
  }

  /** The error with which the cell failed, if it did; all its output has been sent then. */
  async function runCell(code: string, number: number, parent: Header, reply: Queue<Message>, silent: boolean) {
    const outlet = createOutlet(parent, reply, late)
    const stop = new AbortController()
    let endNow = (_error?: unknown) => {}
    const ended = new Promise<undefined>((resolve, reject) => {
      endNow = error => (error === undefined ? resolve(undefined) : reject(error))
    })
    let failure: ReturnType<typeof errorContent> | undefined
    const fail = (thrown: unknown) => {
      const content = errorContent(thrown, { count: number, code })
      failure ??= content
      outlet.send(message('error', content, parent))
    }
    const cell: RunningCell = {
      parent,
      outlet,
      signal: stop.signal,
      report: fail,
      end(error) {
        endNow(error)
        stop.abort(new DOMException('The cell was stopped', 'AbortError'))
      },
    }
    running.add(cell)
    try {
      const value = await Promise.race([runInCell(cell, () => execute(code, number, session, cell)), ended])
      if (value !== undefined && !silent && !failure) {
        const data = await runInCell(cell, () => mimeBundle(value))
        outlet.send(message('execute_result', { execution_count: number, data, metadata: {} }, parent))
      }
    } catch (error) {
      fail(error)
    } finally {
      // what was rejected without a handler is told in this turn
      await nextTurn()
      running.delete(cell)
      outlet.close()
    }
    return failure
  }
}

function isExecute(request: Request): request is ExecuteRequest {
  return request.header.msg_type === 'execute_request'
}
