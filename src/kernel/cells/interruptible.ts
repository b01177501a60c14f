import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { stopFlags } from '../threads.js'
import { InterruptedError } from './interruptedError.js'

/** Cells may replace the global one. */
const clock = performance

/** Where the other thread finds {@link stopNow}, by `Runtime.evaluate`. */
export const stopNowSymbol = 'sdnb.stopNow'

/** The other thread gets this long to ask V8, ms. */
const patienceMs = 1000

/** A thread that is being ended gets this long to come to itself, ms, before it is ended once more. */
const quietMs = 30

/**
 * The main thread's side of an interrupt (`interrupter.ts` is the other's): lets the other thread end what runs here, in whatever loop.
 * V8's `terminateExecution` unwinds to the event loop without running what stands in `finally`, Node's own included: its stack of
 * asynchronous calls stays as it was, and Node aborts the process when it finds that out. So the stack is emptied at the moment of
 * termination.
 * @param flags {@link stopFlags}
 */
export function makeInterruptible(
  flags: SharedArrayBuffer,
  {
    isWanted,
    onStop,
  }: {
    /** whether the interrupt of that number still waits for this thread */
    isWanted(number: number): boolean
    /** is called while what shall end still runs; tells the other thread to ask V8 */
    onStop(): void
  },
): void {
  const stop = new Int32Array(flags)
  const last = { number: 0, at: 0 }

  /** Called by the other thread in the midst of whatever runs, again and again until the interrupt is answered. */
  const stopNow = (number: number): void => {
    const frames = interrupted(stopNow)
    if (!isWanted(number) || !frames.length || isDelicate(frames)) return
    if (number === last.number && clock.now() < last.at + quietMs) return
    Atomics.store(stop, stopFlags.go, 0)
    onStop()
    // V8 ends what runs as soon as this returns, if it has been asked by then; a request from here would be forgotten with this call.
    // What runs may be Atomics.wait, and a thread can be in one only
    const patience = clock.now() + patienceMs
    while (!Atomics.load(stop, stopFlags.go)) if (clock.now() > patience) return
    Object.assign(last, { number, at: clock.now() })
    emptyCallStack()
  }
  Object.defineProperty(globalThis, Symbol.for(stopNowSymbol), { value: stopNow })
}

/** Code not to be ended in its midst: the kernel's own with what it calls of Node, and Node's that pushes a call or takes one off. */
function isDelicate(frames: NodeJS.CallSite[]): boolean {
  // what is built in, as a function of a promise, has no file: who calls it counts
  const named = frames.filter(frame => frame.getFileName())
  const isNode = (frame: NodeJS.CallSite) => frame.getFileName()!.startsWith('node:')
  const caller = named.find(frame => !isNode(frame))
  if (caller?.getFileName()?.startsWith(ownFolder)) return true
  return named.length > 0 && isNode(named[0]) && callStackFunctions.has(named[0].getFunctionName() ?? '')
}

/** In lib/internal/async_hooks.js, and those that call them and may have them inlined. */
const callStackFunctions = new Set(
  `pushAsyncContext popAsyncContext emitBeforeScript emitAfterScript promiseBeforeHook promiseAfterHook runInAsyncScope
  processTicksAndRejections runNextTicks listOnTimeout processTimers processImmediate callbackTrampoline`.split(/\s+/),
)

const ownFolder = new URL('.', pathToFileURL(createRequire(import.meta.url).resolve('#kernelProcess'))).href

/** The frames that were interrupted, innermost first; what the other thread evaluates lies above them. */
function interrupted(callee: (number: number) => void): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: NodeJS.CallSite[] } = {}
  try {
    Error.prepareStackTrace = (_, sites) => sites
    Error.stackTraceLimit = 30
    Error.captureStackTrace(holder, callee)
    const [, ...frames] = holder.stack ?? []
    return frames
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}

/**
 * Leaves every asynchronous call that Node is in, by the way it takes after an exception that nobody has caught
 * (lib/internal/process/execution.js); nothing documented does.
 */
function emptyCallStack() {
  const isCaptured = process.hasUncaughtExceptionCaptureCallback()
  if (!isCaptured) process.setUncaughtExceptionCaptureCallback(() => {})
  const node = process as unknown as { _fatalException(error: Error): boolean }
  node._fatalException(new InterruptedError('The cell was stopped'))
  if (!isCaptured) process.setUncaughtExceptionCaptureCallback(null)
}
