import type {
  Channel,
  CommMessage,
  ExecuteReply,
  ExecuteRequest,
  ExecuteResult,
  Header,
  Message,
  Output,
  Reply,
  Request,
} from '../protocol/messages.js'
import { message } from '../protocol/messages.js'
import type { Answers, QuestionName } from './answers.js'
import type { Comms } from './comms.js'
import { tellFault } from './fault.js'
import type { History } from './history.js'
import type { Client, Hub } from './hub.js'
import { gatherPrinted } from './printed.js'
import { failure } from './refusal.js'
import type { CellToRun, FromRunner, InputAnswer, Outcome } from './threads.js'
import { insteadOf } from './unsendable.js'

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
  client: Asker
  count: number
  /** it stands behind one that failed or was stopped, and does not run */
  isAborted: boolean
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
  const queue: Execution[] = []
  let running: Execution | undefined
  let count = 0
  /** the cell that runs waits for its user */
  let isAsking = false
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

  const publish = (message: Message) => {
    for (const client of clients) send(message, client)
  }
  const printed = gatherPrinted(publish)
  const status = (execution_state: 'busy' | 'idle' | 'starting', parent?: Header) =>
    publish(message('status', { execution_state }, parent))

  return {
    connect(send): Client {
      clients.add(send)
      return { receive: message => receive(message, send), close: () => left(send) }
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
        queue.push({ request: received as ExecuteRequest, client, count: 0, isAborted: false })
        return next()
      case 'input_reply':
        if (running?.client !== client) return
        return answerInput({ value: (received as Extract<Request, { channel: 'stdin' }>).content.value })
      default:
        return void answer(received as Question | CommMessage, client)
    }
  }

  /** The kernel outlives what cannot be sent. */
  function send(message: Message, client: Asker) {
    try {
      try {
        client(message)
      } catch (error) {
        client(insteadOf(message, asError(error)))
      }
    } catch (error) {
      tellFault(error)
    }
  }

  function left(client: Asker) {
    clients.delete(client)
    comms.left(client)
    if (running?.client === client) answerInput({ error: noOneLeft })
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
    if (!silent) publish(message('execute_input', { code, execution_count: count }, header))
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
    const { request, client, count, isAborted } = running
    const { header } = request
    running = undefined
    isAsking = false
    const { cellId } = request.metadata
    const cell = typeof cellId === 'string' ? { cell: cellId } : {}
    const { metadata, messages, later } = tell({ ...cell, id, code: request.content.code, count, outcome }, header)
    const content: ExecuteReply['content'] =
      outcome.status === 'ok'
        ? { status: 'ok', execution_count: count, payload: [], user_expressions: outcome.expressions }
        : { status: 'error', execution_count: count, ...outcome.error }
    send({ ...message('execute_reply', content, header), metadata }, client)
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

  function abort({ request: { header }, client }: Execution) {
    status('busy', header)
    send(message('execute_reply', { status: 'aborted', execution_count: count }, header), client)
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
    if (!clients.has(running.client)) return runner.input({ error: noOneLeft })
    isAsking = true
    send(message('input_request', { prompt, password }, parent), running.client)
  }

  function answerInput(answer: InputAnswer) {
    if (!isAsking) return
    isAsking = false
    runner.input(answer)
  }
}

const noOneLeft = 'prompt() and confirm() ask the user; the client that could answer has left'

const isOfComm = (asked: Question | CommMessage): asked is CommMessage =>
  ['comm_open', 'comm_msg', 'comm_close'].includes(asked.header.msg_type)

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
