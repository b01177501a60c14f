import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import { captureProcess } from './cells/capture.js'
import { callingCell, type RunningCell } from './cells/cell.js'
import { installInput } from './cells/input.js'
import { inspectSession } from './cells/inspectSession.js'
import { makeInterruptible } from './cells/interruptible.js'
import { modulePosition } from './cells/modules.js'
import type { Runner } from './cells/runner.js'
import { killShells } from './cells/shell.js'
import { installStacks } from './cells/stack.js'
import { killChildren, trackStarted } from './cells/started.js'
import { installHosts } from './scope.js'
import { type FromRunner, type ServeOptions, stopFlags, type ThreadData, type ToRunner } from './threads.js'

/**
 * A kernel in a process of its own; its working directory is the notebook's folder. Cells run on this, the main thread; the kernel's
 * protocol lives in another (`kernelThread.ts`).
 *
 * kernelProcess.js --connection-file FILE   for Jupyter's clients
 * kernelProcess.js --socket PATH            for ours; the token that they show is in SDNB_KERNEL_TOKEN
 *   --no-previews                           where no client shows how far a picture has come
 */
/** How long the other thread may take to close its connections, ms, where it is still loading its code, too. */
const closeMs = 5000

const require = createRequire(import.meta.url)
const self = pathToFileURL(require.resolve('#kernelProcess'))

process.on('exit', killShells)
process.on('exit', killChildren)
installStacks(new URL('.', self).href, modulePosition)
const exit = process.exit
process.on('SIGTERM', () => exit(143))

const input = new MessageChannel()
const flag = new SharedArrayBuffer(4)
const stop = new SharedArrayBuffer(8)
const closed = new SharedArrayBuffer(4)
const { serve, showsPreviews } = options()
const workerData: ThreadData = { input: { port: input.port2, flag }, stop, closed, serve }
const thread = new Worker(require.resolve('#kernelThread'), { workerData, transferList: [input.port2] })
const wanted = new Int32Array(stop)
const post = (message: FromRunner) => thread.postMessage(message)

process.on('exit', closeThread)
thread.on('error', fail)

// the thread answers while this one loads TypeScript
const early: ToRunner[] = []
const keep = (message: ToRunner) => void early.push(message)
thread.on('message', keep)
const started = import('./cells/runner.js').then(({ createRunner }) => {
  installHosts(showsPreviews)
  const receive = receiver(createRunner({ cwd: process.cwd(), post, isStopWanted }))
  installInput({ port: input.port1, flag }, (parent, prompt) =>
    post({ type: 'input', parent, prompt, password: false }),
  )
  trackStarted()
  captureProcess()
  thread.off('message', keep)
  for (const message of early) receive(message)
  thread.on('message', receive)
})
// a kernel that listens and can run nothing would be worse than none
started.catch(fail)

let interruptsHandled = 0
function isStopWanted(): boolean {
  return Atomics.load(wanted, stopFlags.wanted) > interruptsHandled
}

/** Does what the other thread asks for. */
function receiver(runner: Runner): (message: ToRunner) => void {
  /** whose code held the thread when it was ended by force */
  let holder: RunningCell | undefined
  makeInterruptible(stop, {
    isWanted: number => number > interruptsHandled,
    onStop() {
      holder = callingCell()
      post({ type: 'stopping' })
    },
  })
  return message => {
    switch (message.type) {
      case 'execute':
        return runner.run(message.cell)
      case 'interrupt':
        interruptsHandled = message.number
        runner.interrupt(holder)
        holder = undefined
        return post({ type: 'interrupted', number: message.number })
      case 'session':
        return void inspectSession(runner.session.bindings).then(session =>
          post({ type: 'session', id: message.id, session }),
        )
      case 'listening':
        // to who has started this process, and may leave it
        process.send?.('listening', () => process.disconnect())
        return
      case 'exit':
        return exit(0)
    }
  }
}

/**
 * Every way out comes by here. Node tears the other thread down without a word to it; sockets of ZeroMQ that are open then reject what
 * they wait for in a thread that can run nothing, which aborts the process.
 */
function closeThread() {
  post({ type: 'close' })
  Atomics.wait(new Int32Array(closed), 0, 0, closeMs)
}

function fail(error: Error) {
  writeSync(2, `sdnb: the kernel failed: ${error.stack}\n`)
  exit(1)
}

function options(): { serve: ServeOptions; showsPreviews: boolean } {
  const { values } = parseArgs({
    options: {
      'connection-file': { type: 'string' },
      socket: { type: 'string' },
      linger: { type: 'string' },
      'no-previews': { type: 'boolean', default: false },
    },
  })
  return { serve: serveOptions(values), showsPreviews: !values['no-previews'] }
}

function serveOptions(values: { 'connection-file'?: string; socket?: string; linger?: string }): ServeOptions {
  const { SDNB_KERNEL_TOKEN: token = '' } = process.env
  delete process.env.SDNB_KERNEL_TOKEN
  if (values['connection-file'] !== undefined) return { connectionFile: values['connection-file'] }
  if (values.socket !== undefined && token)
    return { socket: values.socket, token, lingerMs: Number(values.linger ?? 60) * 1000 }
  throw new Error('expected --connection-file FILE, or --socket PATH with SDNB_KERNEL_TOKEN in the environment')
}
