import { readFileSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { parseConnection } from '../protocol/connection.js'
import { type SessionState, sessionTarget } from '../protocol/session.js'
import { createAnswers } from './answers.js'
import { createComms } from './comms.js'
import { createHistory } from './history.js'
import type { Transport } from './hub.js'
import { createInterrupter } from './interrupter.js'
import { createJournal } from './journal.js'
import { createKernel } from './kernel.js'
import { createLanguage } from './languageAnswers.js'
import { whenParentEnds } from './parent.js'
import { diagnosticsData, sessionComm, staleData } from './sessionComm.js'
import { createStaleMarks } from './stale.js'
import type { FromRunner, ThreadData, ToRunner } from './threads.js'

/** The thread of the kernel's protocol: what it hears it answers, whatever the cells on the main thread do. */
const { input, stop, closed, serve } = workerData as ThreadData
const main = parentPort!
const post = (message: ToRunner) => main.postMessage(message)

/** How long clients may take to hear the last words, and the process to end, ms. */
const goodbyeMs = 500
const exitMs = 1000

const sessionRequests = new Map<string, (state: SessionState) => void>()
const interrupter = createInterrupter(number => post({ type: 'interrupt', number }), stop)
const history = createHistory()
const language = createLanguage(process.cwd())
const stale = createStaleMarks()
let tellsDiagnostics = false
const tellDiagnostics = () => {
  tellsDiagnostics = true
}
const comms = createComms({ [sessionTarget]: sessionComm(stale.cells, sessionState, tellDiagnostics) })
const kernel = createKernel(
  {
    execute: cell => post({ type: 'execute', cell }),
    interrupt: interrupter.interrupt,
    input(answer) {
      input.port.postMessage(answer)
      const ready = new Int32Array(input.flag)
      Atomics.store(ready, 0, 1)
      Atomics.notify(ready, 0)
    },
  },
  {
    ...{ answers: createAnswers(history, comms, language), history, comms },
    ...('socket' in serve && { journal: createJournal() }),
    ran({ cell, id, code, count, outcome: { names } }) {
      // without names it could not be compiled, and has done nothing
      if (names) {
        language.ran(cell ?? id, code)
        stale.ran({ cell, code, count, names })
      }
      const isWatched = [...comms.open.values()].includes(sessionTarget)
      // who tells cells' ids is an editor: completion will be asked for, unless it is ours, which has a language service of its own
      if (cell !== undefined && !isWatched) language.warm()
      const cells = stale.cells()
      const tell = (data: ReturnType<typeof staleData>) => comms.tell(sessionTarget, data)
      return {
        metadata: { sdnb: { stale: cells } },
        messages: tell(staleData(cells)),
        ...(names &&
          isWatched &&
          tellsDiagnostics && {
            later: language
              .diagnostics(cell ?? id)
              .then(items =>
                tell(diagnosticsData({ ...(cell !== undefined && { cell }), execution_count: count, items })),
              ),
          }),
      }
    },
  },
  () => void end(),
)
main.on('message', (told: FromRunner) => {
  if (told.type === 'stopping') interrupter.terminate()
  else if (told.type === 'close') void close().then(tellClosed)
  else if (told.type === 'interrupted') {
    interrupter.answered(told.number)
    // what the main thread did for them may have been ended too
    for (const id of sessionRequests.keys()) post({ type: 'session', id })
  } else if (told.type === 'session') sessionRequests.get(told.id)?.(told.session)
  else kernel.fromRunner(told)
})

process.on('exit', tellClosed)

const transport = listen()
await transport
// what went wrong with one message is told past the main thread, and the session lives on
process.on('uncaughtException', error => {
  try {
    writeSync(2, `sdnb: the kernel's protocol failed: ${error?.stack ?? error}\n`)
  } catch {} // nobody reads it
})
post({ type: 'listening' })

/** What the session holds, as soon as no cell holds the main thread. */
function sessionState(): Promise<SessionState> {
  const id = crypto.randomUUID()
  return new Promise(resolve => {
    sessionRequests.set(id, state => {
      sessionRequests.delete(id)
      resolve(state)
    })
    post({ type: 'session', id })
  })
}

async function listen(): Promise<Transport> {
  if ('socket' in serve) {
    const { serveSocket } = await import('./transports/socket.js')
    return serveSocket(serve, kernel, () => void end())
  }
  const { serveZmq } = await import('./transports/zmq.js')
  if (process.env.JPY_PARENT_PID) whenParentEnds(() => void end())
  return serveZmq(parseConnection(readFileSync(serve.connectionFile, 'utf8')), kernel)
}

/** Resolves when no connection is open, whatever has become of the last words. */
async function close() {
  await (await transport).close(goodbyeMs)
}

function tellClosed() {
  const flag = new Int32Array(closed)
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
}

/** Ends the process, also out of a cell that never yields. */
async function end() {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), goodbyeMs + exitMs)
  await close()
  // the exit comes after it: a process that ends waits for the inspector of an interrupt that is open
  await interrupter.interrupt()
  post({ type: 'exit' })
}
