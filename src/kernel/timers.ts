import { createHook } from 'node:async_hooks'
import { clearImmediate, clearTimeout } from 'node:timers'
import { callingCell, type RunningCell } from './cell.js'

type Timer = NodeJS.Timeout | NodeJS.Immediate

const timersOf = new WeakMap<RunningCell, { refs: WeakRef<Timer>[]; pruneAt: number }>()

/** Remembers which cell has set a timer, through whichever of Node's modules. */
export function trackTimers(): void {
  createHook({
    init(_id, type, _trigger, resource) {
      if (type !== 'Timeout' && type !== 'Immediate') return
      const cell = callingCell()
      if (!cell) return
      const timer = resource as Timer
      // what a stopped cell goes on to set shall not fire; here it has not been set yet
      if (cell.signal.aborted) queueMicrotask(() => clear(timer))
      else remember(cell, timer)
    },
  }).enable()
}

/** Nothing that the cell has set so far will fire. */
export function clearTimers(cell: RunningCell): void {
  for (const ref of timersOf.get(cell)?.refs ?? []) {
    const timer = ref.deref()
    if (timer) clear(timer)
  }
  timersOf.delete(cell)
}

function remember(cell: RunningCell, timer: Timer) {
  let own = timersOf.get(cell)
  if (!own) {
    own = { refs: [], pruneAt: 1000 }
    timersOf.set(cell, own)
  }
  own.refs.push(new WeakRef(timer))
  if (own.refs.length < own.pruneAt) return
  own.refs = own.refs.filter(ref => ref.deref())
  own.pruneAt = Math.max(1000, 2 * own.refs.length)
}

function clear(timer: Timer) {
  if ('_onImmediate' in timer) clearImmediate(timer)
  else clearTimeout(timer as NodeJS.Timeout)
}
