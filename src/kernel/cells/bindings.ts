import type { Declared } from '../../language/transform.js'

/** Top-level names of a session: one object, one property a name, which compiled cells read and write. */
export interface Bindings {
  scope: object
  /** Gives every free name of a cell a property: another cell's value, else the global of that name, else a ReferenceError. */
  link(names: string[]): void
  /**
   * Declares a cell's names before it runs. Until its declaration has run, a `const`, `let` or `class` is what an earlier cell has
   * left, or cannot be read.
   */
  declare(names: Declared[]): {
    /** has a property for each name; writing it is the declaration's initial value */
    initial: object
    /** To be called when the cell has ended: forgets the names whose declaration was never reached. */
    ended(): void
  }
  /** Binds a name to what `get` gives at each read, as an import is. */
  bind(name: string, get: () => unknown): void
  /** what cells have declared, in order */
  names(): string[]
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
  const constant = (name: string, get: () => unknown) => define(name, { get, set: failToAssign })
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
    names: () => Object.keys(scope).filter(name => !globals.has(name) && !(name in given)),
    has: name => name in scope && !globals.has(name),

    link(names) {
      for (const name of names) if (!(name in scope)) linkGlobal(name)
    },

    declare(names) {
      const initial = Object.create(null)
      const unreached = new Map<string, () => never>()
      for (const { name, kind, fresh } of names) {
        const isNew = !(name in scope) || globals.has(name)
        if (kind === 'var' || kind === 'function') {
          define(name, { value: isNew || fresh ? undefined : scope[name], writable: true })
          continue
        }
        Object.defineProperty(initial, name, { set: value => initialise(name, kind, value) })
        if (!isNew) continue
        const fail = () => {
          throw new ReferenceError(`Cannot access '${name}' before initialization`)
        }
        unreached.set(name, fail)
        define(name, { get: fail, set: kind === 'const' ? failToAssign : fail })
      }
      const ended = () => {
        for (const [name, fail] of unreached)
          if (Object.getOwnPropertyDescriptor(scope, name)?.get === fail) linkGlobal(name)
      }
      return { initial, ended }
    },

    typeof: name => (globals.has(name) && !(name in globalThis) ? 'undefined' : typeof scope[name]),
  }
}

function failToAssign(): never {
  throw new TypeError('Assignment to constant variable.')
}
