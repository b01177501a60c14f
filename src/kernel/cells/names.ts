import type { CompiledCell } from '../../language/transform.js'
import type { CellNames } from '../threads.js'
import type { Bindings } from './bindings.js'

/** Tells, when a cell has ended, which names it has changed; to be asked before it runs. */
export type WatchNames = (cell: CompiledCell) => () => CellNames

/** Compares values, of names that the cell writes and of those that a function of another cell may write when it is called. */
export function nameWatch({ scope, has }: Bindings): WatchNames {
  /** names that a cell assigns without declaring them */
  const assigned = new Set<string>()
  const current = (name: string): unknown => {
    try {
      return has(name) ? Reflect.get(scope, name) : undefined
    } catch {
      return undefined // not reached yet, or an import that failed
    }
  }

  return ({ reads, writes, declared }) => {
    const own = new Set(declared.map(({ name }) => name))
    for (const name of writes) if (!own.has(name)) assigned.add(name)
    const before = [...new Set([...writes, ...assigned])].map(name => ({ name, was: remembered(current(name)) }))
    return () => ({ reads, changed: before.flatMap(({ name, was }) => (was(current(name)) ? [] : [name])) })
  }
}

/** Whether a value is the same one, without holding it: the cell may need its memory. */
function remembered(value: unknown): (other: unknown) => boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    return other => Object.is(value, other)
  const ref = new WeakRef(value)
  return other => ref.deref() === other
}
