import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { parseConnection } from '../protocol/connection.js'
import { createAnswers } from './answers.js'
import { createComms } from './comms.js'
import { createHistory } from './history.js'
import { createInterrupter } from './interrupter.js'
import { createKernel } from './kernel.js'
import { whenParentEnds } from './parent.js'
import { exitSymbol, type FromRunner, type ThreadData, type ToRunner } from './threads.js'

/** The thread of the kernel's protocol: what it hears it answers, whatever the cells on the main thread do. */
const { input, go, serve } = workerData as ThreadData
const main = parentPort!
const post = (message: ToRunner) => main.postMessage(message)

/** How long clients may take to hear the last words, and the process to end, ms. */
const goodbyeMs = 500
const exitMs = 1000

const interrupter = createInterrupter(number => post({ type: 'interrupt', number }), go)
const history = createHistory()
const comms = createComms({})
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
  { answers: createAnswers(history, comms, {} as never), history, comms },
  () => void end(),
)
main.on('message', (told: FromRunner) => {
  if (told.type === 'stopping') interrupter.terminate()
  else if (told.type === 'interrupted') interrupter.answered(told.number)
  else kernel.fromRunner(told)
})

let transport: { close(): Promise<void> } | undefined
if ('socket' in serve) {
  const { serveSocket } = await import('./transports/socket.js')
  transport = await serveSocket(serve, kernel, () => void end())
} else {
  const { serveZmq } = await import('./transports/zmq.js')
  transport = await serveZmq(parseConnection(readFileSync(serve.connectionFile, 'utf8')), kernel)
  if (process.env.JPY_PARENT_PID) whenParentEnds(() => void end())
}
post({ type: 'listening' })

/** Ends the process, also out of a cell that never yields. */
async function end() {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), goodbyeMs + exitMs)
  await Promise.race([transport?.close(), new Promise(resolve => setTimeout(resolve, goodbyeMs))])
  post({ type: 'exit' })
  setTimeout(() => interrupter.call(exitSymbol), 100)
}
