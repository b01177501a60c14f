import { constants } from 'node:os'

export interface Stop {
  /** aborts when the run shall end, by a signal or because its time ran out */
  signal: AbortSignal
  /** aborts when it shall end at once: a second signal */
  now: AbortSignal
  /** why it ended; undefined while nothing asked for it */
  reason?: { exitCode: number; text: string }
  dispose(): void
}

/** Longest delay that a Node timer keeps, ms: 24.8 days. */
const longestDelay = 2 ** 31 - 1

/** @param timeout seconds */
export function stopSignal(timeout?: number): Stop {
  const soon = new AbortController()
  const now = new AbortController()
  const stop: Stop = { signal: soon.signal, now: now.signal, dispose }
  const end = (exitCode: number, text: string) => {
    if (soon.signal.aborted) return now.abort()
    stop.reason = { exitCode, text }
    soon.abort()
  }
  const onSignal = (name: NodeJS.Signals) => end(128 + constants.signals[name], `stopped by ${name}`)
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const name of signals) process.on(name, onSignal)
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(
          () => soon.signal.aborted || end(1, `stopped: the time-out of ${timeout} s ran out`),
          Math.min(timeout * 1000, longestDelay),
        )
  function dispose() {
    for (const name of signals) process.off(name, onSignal)
    clearTimeout(timer)
  }
  return stop
}
