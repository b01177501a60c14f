import type {
  Channel,
  CommMessage,
  ExecuteReply,
  ExecuteRequest,
  ExecuteResult,
  Header,
  Output,
  Reply,
  Request,
} from '../protocol/messages.js'
import { message } from '../protocol/messages.js'
import type { Answers, QuestionName } from './answers.js'
import { type Asker, asError, createClients } from './clients.js'
import type { Comms } from './comms.js'
import type { History } from './history.js'
import type { Client, Hub } from './hub.js'
import type { Journal } from './journal.js'
import { gatherPrinted } from './printed.js'
import { failure } from './refusal.js'
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
  /** of clients that may come back */
  journal?: Journal
  /** A cell has run: what its reply's metadata tell of it, and who else is to hear, now or when it is known. */
  ran(run: CellRun): { metadata: Record<string, unknown>; messages: CommMessage[]; later?: Promise<CommMessage[]> }
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
  /** who asked, and who has taken over since */
  clients: Asker[]
  count: number
  /** it stands behind one that failed or was stopped, and does not run */
  isAborted: boolean
}
type Question = Exclude<Request, ExecuteRequest | { header: { msg_type: 'input_reply' } }>

/**
 * Jupyter's protocol over one session. Cells run one after another; all else is answered at once, also while a cell runs.
 * @param shutdown ends the process, when it has been answered
 */
export function createKernel(
  runner: RunnerLink,
  { answers, history, comms, journal, ran }: KernelParts,
  shutdown: () => void,
): Kernel {
  const clients = createClients(journal)
  const { publish, send } = clients
  /** of every cell that has run, as it may go on to print */
  const headers = new Map<string, Header>()
  const queue: Execution[] = []
  let running: Execution | undefined
  let count = 0
  /** who was asked for the input that the cell waits for */
  let asked: Asker | undefined
  /** that the main thread has not answered */
  let openInterrupts = 0

  const all: Answers = {
    ...answers,
    async interrupt() {
      await interrupt()
      return { status: 'ok' }
    },
    shutdown: ({ restart }) => ({ status: 'ok', restart }),
  }

  const printed = gatherPrinted(publish)
  const status = (execution_state: 'busy' | 'idle' | 'starting', parent?: Header) =>
    publish(message('status', { execution_state }, parent))

  return {
    connect(client, resumed): Client {
      printed.flush()
      clients.add(client, resumed)
      if (resumed) for (const execution of running ? [running, ...queue] : queue) execution.clients.push(client)
      return { receive: message => receive(message, client), close: () => left(client) }
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
        journal?.asked(received.header, cellIdOf(received as ExecuteRequest))
        queue.push({ request: received as ExecuteRequest, clients: [client], count: 0, isAborted: false })
        return next()
      case 'input_reply':
        if (asked !== client) return
        return answerInput({ value: (received as Extract<Request, { channel: 'stdin' }>).content.value })
      default:
        return void answer(received as Question | CommMessage, client)
    }
  }

  function left(client: Asker) {
    if (!clients.delete(client)) return
    comms.left(client)
    if (asked === client) answerInput({ error: noOneLeft })
  }

  function reply(content: ExecuteReply['content'], { request, clients }: Execution, metadata = {}) {
    send({ ...message('execute_reply', content, request.header), metadata }, ...clients)
  }

  /** Every request is answered, whatever happens; a comm's message only by a comm's. */
  async function answer(asked: Question | CommMessage, client: Asker) {
    const { header } = asked
    status('busy', header)
    if (isOfComm(asked)) {
      try {
        for (const message of await comms.receive(asked, client)) publish(message)
      } catch (error) {
        complain(error, header)
      }
    } else {
      const name = header.msg_type.replace('_request', '') as QuestionName
      const content = await contentOf(name, asked.content)
      const reply = (channel: Channel) => ({ ...message(`${name}_reply`, content, header), channel }) as Reply
      if (name === 'shutdown') printed.flush()
      send(reply(asked.channel), client)
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
      return failure(`${name}_reply`, asError(error)) as never
    }
  }

  /** What is queued by now does not run; what comes later does. */
  async function interrupt() {
    for (const execution of queue) execution.isAborted = true
    if (running) running.isAborted = true
    answerInput({ interrupted: true })
    openInterrupts++
    try {
      await runner.interrupt()
    } finally {
      openInterrupts--
    }
  }

  function next() {
    while (!running && queue.length) {
      const execution = queue.shift()!
      if (execution.isAborted) abort(execution)
      else start(execution)
    }
  }

  function start(execution: Execution) {
    running = execution
    const { header, content } = execution.request
    const { code, silent, store_history, user_expressions } = content
    const counts = store_history && !silent
    if (counts) count++
    execution.count = count
    headers.set(header.msg_id, header)
    status('busy', header)
    const cellId = cellIdOf(execution.request)
    if (!silent)
      publish({
        ...message('execute_input', { code, execution_count: count }, header),
        metadata: cellId === undefined ? {} : { cellId },
      })
    if (counts) history.add(count, code)
    runner.execute({ header, code, count, silent, expressions: user_expressions })
  }

  function output(message: Output) {
    publish(message)
    if (message.header.msg_type !== 'execute_result' || !running?.request.content.store_history) return
    const { 'text/plain': text } = (message.content as ExecuteResult['content']).data
    if (typeof text === 'string') history.setOutput(running.count, text)
  }

  function ended({ id, outcome }: Extract<FromRunner, { type: 'ended' }>) {
    if (running?.request.header.msg_id !== id) return
    const execution = running
    const { request, count, isAborted } = execution
    const { header } = request
    running = undefined
    asked = undefined
    const { metadata, messages, later } = tell(
      { cell: cellIdOf(request), id, code: request.content.code, count, outcome },
      header,
    )
    const content: ExecuteReply['content'] =
      outcome.status === 'ok'
        ? { status: 'ok', execution_count: count, payload: [], user_expressions: outcome.expressions }
        : { status: 'error', execution_count: count, ...outcome.error }
    reply(content, execution, metadata)
    for (const message of messages) publish(message)
    status('idle', header)
    void later?.then(
      messages => messages.forEach(publish),
      error => complain(error, header),
    )
    // an interrupt has aborted what it found
    if (outcome.status === 'error' && request.content.stop_on_error && !isAborted)
      for (const execution of queue) execution.isAborted = true
    next()
  }

  function tell(run: CellRun, header: Header): ReturnType<typeof ran> {
    try {
      return ran(run)
    } catch (error) {
      complain(error, header)
      return { metadata: {}, messages: [] }
    }
  }

  /** A fault of the kernel's own, told where it happened. */
  function complain(error: unknown, parent: Header) {
    const { stack, message: text } = asError(error)
    publish(message('stream', { name: 'stderr', text: `sdnb: ${stack ?? text}\n` }, parent))
  }

  function abort(execution: Execution) {
    const { header } = execution.request
    status('busy', header)
    reply({ status: 'aborted', execution_count: count }, execution)
    status('idle', header)
  }

  function ask(parent: Header, prompt: string, password: boolean) {
    if (openInterrupts) return runner.input({ interrupted: true })
    if (running?.request.header.msg_id !== parent.msg_id)
      return runner.input({ error: 'prompt() and confirm() ask the user while their cell runs; it has ended' })
    if (!running.request.content.allow_stdin)
      return runner.input({
        error: 'prompt() and confirm() ask the user, and nobody can answer here: this client takes no input',
      })
    asked = running.clients.findLast(clients.has)
    if (!asked) return runner.input({ error: noOneLeft })
    send(message('input_request', { prompt, password }, parent), asked)
  }

  function answerInput(answer: InputAnswer) {
    if (!asked) return
    asked = undefined
    runner.input(answer)
  }
}

const noOneLeft = 'prompt() and confirm() ask the user; the client that could answer has left'

function cellIdOf({ metadata: { cellId } }: ExecuteRequest): string | undefined {
  return typeof cellId === 'string' ? cellId : undefined
}

const isOfComm = (asked: Question | CommMessage): asked is CommMessage =>
  ['comm_open', 'comm_msg', 'comm_close'].includes(asked.header.msg_type)
