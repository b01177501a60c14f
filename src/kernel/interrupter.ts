import { Session } from 'node:inspector'
import { stopNowSymbol } from './cells/interruptible.js'
import { stopFlags } from './threads.js'

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
}

/**
 * @param ask tells the main thread to stop, when it next listens
 * @param flags {@link stopFlags}
 */
export function createInterrupter(ask: (number: number) => void, flags: SharedArrayBuffer): Interrupter {
  const stop = new Int32Array(flags)
  /** the interrupt that the main thread has not answered */
  let open: { number: number; answered: Promise<void>; resolve: () => void } | undefined
  /** connected only while it is needed: a process that ends waits for its inspectors to leave */
  let session: Session | undefined
  let last = 0

  const connected = () => {
    if (!session) {
      session = new Session()
      session.connectToMainThread()
    }
    return session
  }
  const disconnect = () => {
    session?.disconnect()
    session = undefined
  }

  return {
    interrupt() {
      if (open) return open.answered
      const number = ++last
      let resolve = () => {}
      const answered = new Promise<void>(resolved => {
        resolve = resolved
      })
      open = { number, answered, resolve }
      Atomics.store(stop, stopFlags.wanted, number)
      ask(number)
      const force = () => {
        if (open?.number !== number) return
        const expression = `globalThis[Symbol.for(${JSON.stringify(stopNowSymbol)})](${number})`
        connected().post('Runtime.evaluate', { expression, silent: true }, () => {})
        setTimeout(force, againMs)
      }
      setTimeout(force, politeMs)
      return answered
    },
    terminate() {
      connected().post('Runtime.terminateExecution', disconnect)
      Atomics.store(stop, stopFlags.go, 1)
    },
    answered(number) {
      if (open?.number !== number) return
      open.resolve()
      open = undefined
      disconnect()
    },
  }
}
