import { Session } from 'node:inspector'
import { stopNowSymbol } from './interruptible.js'

/** The main thread gets this long to stop by itself, ms; then it is asked again and again to end what runs. */
const politeMs = 100
const againMs = 5

/** Stops what the main thread runs, from another thread (`interruptible.ts`). */
export interface Interrupter {
  /** Resolves when the main thread has come to itself, and whatever ran there has ended. */
  interrupt(): Promise<void>
  /** The main thread is ready for being ended, and waits. */
  terminate(): void
  /** The main thread has answered the interrupt of this number. */
  answered(number: number): void
  /** Calls a function of the main thread's global object, in the midst of whatever runs there. */
  call(symbol: string, argument?: number): void
}

/**
 * @param ask tells the main thread to stop, when it next listens
 * @param go one Int32 that the main thread waits for
 */
export function createInterrupter(ask: (number: number) => void, go: SharedArrayBuffer): Interrupter {
  /** the interrupt that the main thread has not answered */
  let open: { number: number; answered: Promise<void>; resolve: () => void } | undefined
  let session: Session | undefined
  let last = 0

  const mainThread = () => {
    if (!session) {
      session = new Session()
      session.connectToMainThread()
    }
    return session
  }
  const call: Interrupter['call'] = (symbol, argument) => {
    const expression = `globalThis[Symbol.for(${JSON.stringify(symbol)})](${argument ?? ''})`
    mainThread().post('Runtime.evaluate', { expression, silent: true }, () => {})
  }

  return {
    call,
    interrupt() {
      if (open) return open.answered
      const number = ++last
      let resolve = () => {}
      const answered = new Promise<void>(resolved => {
        resolve = resolved
      })
      open = { number, answered, resolve }
      ask(number)
      const force = () => {
        if (open?.number !== number) return
        call(stopNowSymbol, number)
        setTimeout(force, againMs)
      }
      setTimeout(force, politeMs)
      return answered
    },
    terminate() {
      mainThread().post('Runtime.terminateExecution', () => {})
      const asked = new Int32Array(go)
      Atomics.store(asked, 0, 1)
      Atomics.notify(asked, 0)
    },
    answered(number) {
      if (open?.number !== number) return
      open.resolve()
      open = undefined
    },
  }
}
