import { createHook } from 'node:async_hooks'
import { clearImmediate, clearTimeout } from 'node:timers'
import { callingCell, type RunningCell } from './cell.js'

type Timer = NodeJS.Timeout | NodeJS.Immediate

/** Node's own handle of a child process; closed when that has ended. */
interface ProcessHandle {
  kill(signal: number): number
}

const timersOf = new WeakMap<RunningCell, Refs<Timer>>()
const children = refs<ProcessHandle>()

/** Remembers which cell has set a timer, and what processes cells have started, through whichever of Node's modules. */
export function trackStarted(): void {
  createHook({
    init(_id, type, _trigger, resource) {
      if (type !== 'Timeout' && type !== 'Immediate' && type !== 'PROCESSWRAP') return
      const cell = callingCell()
      if (!cell) return
      if (type === 'PROCESSWRAP') return children.add(resource as ProcessHandle)
      const timer = resource as Timer
      // what a stopped cell goes on to set shall not fire; here it has not been set yet
      if (cell.signal.aborted) queueMicrotask(() => clear(timer))
      else timers(cell).add(timer)
    },
  }).enable()
}

/** Nothing that the cell has set so far will fire. */
export function clearTimers(cell: RunningCell): void {
  for (const timer of timersOf.get(cell)?.all() ?? []) clear(timer)
  timersOf.delete(cell)
}

/** Ends what cells have started and has not ended; for the kernel's own end. */
export function killChildren(): void {
  const sigkill = 9
  for (const child of children.all()) child.kill(sigkill)
}

function timers(cell: RunningCell): Refs<Timer> {
  const own = timersOf.get(cell) ?? refs<Timer>()
  timersOf.set(cell, own)
  return own
}

function clear(timer: Timer) {
  if ('_onImmediate' in timer) clearImmediate(timer)
  else clearTimeout(timer as NodeJS.Timeout)
}

/** Things that are not kept from being collected. */
interface Refs<T> {
  add(thing: T): void
  all(): T[]
}

function refs<T extends object>(): Refs<T> {
  let list: WeakRef<T>[] = []
  let pruneAt = 1000
  return {
    all: () => list.flatMap(ref => ref.deref() ?? []),
    add(thing) {
      list.push(new WeakRef(thing))
      if (list.length < pruneAt) return
      list = list.filter(ref => ref.deref())
      pruneAt = Math.max(1000, 2 * list.length)
    },
  }
}
