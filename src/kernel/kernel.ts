import type {
  Channel,
  CommMessage,
  ExecuteReply,
  ExecuteRequest,
  ExecuteResult,
  Failure,
  Header,
  Message,
  Output,
  Reply,
  Request,
} from '../protocol/messages.js'
import { message } from '../protocol/messages.js'
import type { Answers, QuestionName } from './answers.js'
import type { Comms } from './comms.js'
import type { History } from './history.js'
import type { Client, Hub } from './hub.js'
import { gatherPrinted } from './printed.js'
import type { CellToRun, FromRunner, InputAnswer, Outcome } from './threads.js'

export interface Kernel extends Hub {
  /** Takes what the main thread says. */
  fromRunner(message: FromRunner): void
}

/** What the protocol needs of the main thread. */
export interface RunnerLink {
  execute(cell: CellToRun): void
  /** Resolves when what ran has ended. */
  interrupt(): Promise<void>
  /** Answers a question of the main thread, which waits for it. */
  input(answer: InputAnswer): void
}

/** What the protocol is made of besides. */
export interface KernelParts {
  answers: Omit<Answers, 'interrupt' | 'shutdown'>
  history: History
  comms: Comms
  /** A cell has run: what its reply's metadata tell of it, and who else is to hear. */
  ran(run: CellRun): { metadata: Record<string, unknown>; messages: CommMessage[] }
}

export interface CellRun {
  /** the cell's id, where the client tells it, as JupyterLab and VS Code do */
  cell?: string
  id: string
  code: string
  count: number
  outcome: Outcome
}

interface Execution {
  request: ExecuteRequest
  client: Asker
  count: number
}
type Asker = (message: Message) => void
type Question = Exclude<Request, ExecuteRequest | { header: { msg_type: 'input_reply' } }>

/**
 * Jupyter's protocol over one session. Cells run one after another; all else is answered at once, also while a cell runs.
 * @param shutdown ends the process, when it has been answered
 */
export function createKernel(
  runner: RunnerLink,
  { answers, history, comms, ran }: KernelParts,
  shutdown: () => void,
): Kernel {
  const clients = new Set<Asker>()
  /** of every cell that has run, as it may go on to print */
  const headers = new Map<string, Header>()
  let queue: Execution[] = []
  let running: Execution | undefined
  let count = 0
  /** the cell that runs waits for its user */
  let isAsking = false

  const all: Answers = {
    ...answers,
    async interrupt() {
      await interrupt()
      return { status: 'ok' }
    },
    shutdown: ({ restart }) => ({ status: 'ok', restart }),
  }

  const publish = (message: Message) => {
    for (const send of clients) send(message)
  }
  const printed = gatherPrinted(publish)
  const status = (execution_state: 'busy' | 'idle' | 'starting', parent?: Header) =>
    publish(message('status', { execution_state }, parent))

  return {
    connect(send): Client {
      clients.add(send)
      return { receive: message => receive(message, send), close: () => void clients.delete(send) }
    },
    fromRunner(told) {
      if (told.type === 'print') return printed.add(headers.get(told.id)!, told.name, told.text)
      printed.flush()
      if (told.type === 'output') output(told.message)
      else if (told.type === 'ended') ended(told)
      else if (told.type === 'input') ask(told.parent, told.prompt, told.password)
    },
  }

  function receive(received: Request | CommMessage, client: Asker) {
    switch (received.header.msg_type) {
      case 'execute_request':
        queue.push({ request: received as ExecuteRequest, client, count: 0 })
        return next()
      case 'input_reply':
        if (!isAsking) return
        isAsking = false
        return runner.input({ value: (received as Extract<Request, { channel: 'stdin' }>).content.value })
      default:
        return void answer(received as Question | CommMessage, client)
    }
  }

  /** Every request is answered; a comm's message only by a comm's. */
  async function answer(asked: Question | CommMessage, client: Asker) {
    const { header } = asked
    status('busy', header)
    if (header.msg_type.startsWith('comm_') && header.msg_type !== 'comm_info_request')
      for (const message of await comms.receive(asked as CommMessage)) publish(message)
    else {
      const name = header.msg_type.replace('_request', '') as QuestionName
      const content = await contentOf(name, asked.content)
      const reply = (channel: Channel) => ({ ...message(`${name}_reply`, content, header), channel }) as Reply
      client(reply(asked.channel))
      // with an id of its own: clients refuse what they have seen
      if (name === 'shutdown') publish(reply('iopub'))
    }
    status('idle', header)
    // who looks at the last state alone shall not take a running kernel for idle
    if (running) status('busy', running.request.header)
    if (header.msg_type === 'shutdown_request') shutdown()
  }

  async function contentOf(name: QuestionName, asked: unknown): Promise<never> {
    try {
      return (await all[name](asked as never)) as never
    } catch (error) {
      return failure(error) as never
    }
  }

  async function interrupt() {
    const waiting = queue
    queue = []
    if (isAsking) {
      isAsking = false
      runner.input({ interrupted: true })
    }
    await runner.interrupt()
    for (const execution of waiting) abort(execution)
  }

  function next() {
    if (running) return
    running = queue.shift()
    if (!running) return
    const { header, content } = running.request
    const { code, silent, store_history, user_expressions } = content
    const counts = store_history && !silent
    if (counts) count++
    running.count = count
    headers.set(header.msg_id, header)
    status('busy', header)
    if (!silent) publish(message('execute_input', { code, execution_count: count }, header))
    if (counts) history.add(count, code)
    runner.execute({ header, code, count, silent, expressions: user_expressions })
  }

  function output(message: Output) {
    publish(message)
    if (message.header.msg_type !== 'execute_result' || !running?.request.content.store_history) return
    const { data } = message.content as ExecuteResult['content']
    history.setOutput(running.count, String(data['text/plain'] ?? ''))
  }

  function ended({ id, outcome }: Extract<FromRunner, { type: 'ended' }>) {
    if (running?.request.header.msg_id !== id) return
    const { request, client, count } = running
    const { header } = request
    running = undefined
    isAsking = false
    const { cellId } = request.metadata
    const cell = typeof cellId === 'string' ? { cell: cellId } : {}
    const { metadata, messages } = ran({ ...cell, id, code: request.content.code, count, outcome })
    const content: ExecuteReply['content'] =
      outcome.status === 'ok'
        ? { status: 'ok', execution_count: count, payload: [], user_expressions: outcome.expressions }
        : { status: 'error', execution_count: count, ...outcome.error }
    client({ ...message('execute_reply', content, header), metadata })
    for (const message of messages) publish(message)
    status('idle', header)
    if (outcome.status === 'error' && request.content.stop_on_error)
      for (const execution of queue.splice(0)) abort(execution)
    next()
  }

  function abort({ request: { header }, client }: Execution) {
    status('busy', header)
    client(message('execute_reply', { status: 'aborted', execution_count: count }, header))
    status('idle', header)
  }

  function ask(parent: Header, prompt: string, password: boolean) {
    if (running?.request.header.msg_id !== parent.msg_id)
      return runner.input({ error: 'prompt() and confirm() ask the user while their cell runs; it has ended' })
    if (!running.request.content.allow_stdin)
      return runner.input({
        error: 'prompt() and confirm() ask the user, and nobody can answer here: this client takes no input',
      })
    isAsking = true
    running.client(message('input_request', { prompt, password }, parent))
  }
}

function failure(error: unknown): Failure {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return { status: 'error', ename: name, evalue: message, traceback: [`${name}: ${message}`] }
}
