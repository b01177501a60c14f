import type { Declared } from '../language/transform.js'

/** Top-level names of a session: one object, one property a name, which compiled cells read and write. */
export interface Bindings {
  scope: object
  /** Gives every free name of a cell a property: another cell's value, else the global of that name, else a ReferenceError. */
  link(names: string[]): void
  /**
   * Declares a cell's names before it runs. A `const`, `let` or `class` cannot be read until its declaration has run.
   * The result, called when the cell has ended, gives names it never reached what they were before.
   */
  declare(names: Declared[]): () => void
  /** Binds a name to what `get` gives at each read, as an import is. */
  bind(name: string, get: () => unknown): void
  /** whether a cell has declared the name */
  has(name: string): boolean
  typeof(name: string): string
}

/** @param given names that cells find declared */
export function createBindings(given: Record<string, unknown> = {}): Bindings {
  const scope: Record<string, unknown> = Object.create(null)
  /** names that no cell has declared: they stand for the global */
  const globals = new Set<string>()

  const define = (name: string, descriptor: PropertyDescriptor) => {
    globals.delete(name)
    Object.defineProperty(scope, name, { configurable: true, enumerable: true, ...descriptor })
  }
  const initialise = (name: string, kind: Declared['kind'], value: unknown) =>
    kind === 'const' ? constant(name, () => value) : define(name, { value, writable: true })
  const constant = (name: string, get: () => unknown) =>
    define(name, {
      get,
      set() {
        throw new TypeError('Assignment to constant variable.')
      },
    })
  const linkGlobal = (name: string) => {
    define(name, {
      get: () => {
        if (name in globalThis) return Reflect.get(globalThis, name)
        throw new ReferenceError(`${name} is not defined`)
      },
      set: value => {
        if (!(name in globalThis)) throw new ReferenceError(`${name} is not defined`)
        Reflect.set(globalThis, name, value)
      },
    })
    globals.add(name)
  }

  for (const [name, value] of Object.entries(given)) define(name, { value, writable: true })

  return {
    scope,
    bind: constant,
    has: name => name in scope && !globals.has(name),

    link(names) {
      for (const name of names) if (!(name in scope)) linkGlobal(name)
    },

    declare(names) {
      const waiting = new Map<string, { get: () => never; before?: PropertyDescriptor }>()
      for (const { name, kind, fresh } of names) {
        const before = globals.has(name) ? undefined : Object.getOwnPropertyDescriptor(scope, name)
        if (kind === 'var' || kind === 'function') {
          define(name, { value: before && !fresh ? scope[name] : undefined, writable: true })
          continue
        }
        const get = () => {
          throw new ReferenceError(`Cannot access '${name}' before initialization`)
        }
        waiting.set(name, { get, before })
        define(name, { get, set: initial => initialise(name, kind, initial) })
      }
      return () => {
        for (const [name, { get, before }] of waiting) {
          if (Object.getOwnPropertyDescriptor(scope, name)?.get !== get) continue
          if (before) define(name, before)
          else linkGlobal(name)
        }
      }
    },

    typeof: name => (globals.has(name) && !(name in globalThis) ? 'undefined' : typeof scope[name]),
  }
}
