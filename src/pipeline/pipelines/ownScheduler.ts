import type { Scheduler } from '../schedulers/index.js'

const inUse = new WeakSet<Scheduler>()

/**
 * A scheduler for one call alone, since it remembers where it stands: the one given, or a copy of it while another call,
 * of this pipeline or of one that shares it, walks it. Dispose of the result when the call is done.
 */
export function ownScheduler(given: Scheduler): { scheduler: Scheduler } & Disposable {
  const scheduler = inUse.has(given) ? copyOf(given) : given
  inUse.add(scheduler)
  return { scheduler, [Symbol.dispose]: () => void inUse.delete(scheduler) }
}

function copyOf(scheduler: Scheduler): Scheduler {
  const Class = scheduler.constructor as new (config: Scheduler['config']) => Scheduler
  return new Class(scheduler.config)
}
