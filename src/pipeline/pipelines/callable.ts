/**
 * An object that is called like a function: `new X()(…)` is `x.call(…)`.
 * A subclass declares its call signature by an interface of the same name.
 */
export abstract class Callable {
  constructor() {
    const self = (...args: unknown[]): unknown => (self as unknown as Callable).invoke(...args)
    // biome-ignore lint/correctness/noConstructorReturn: the only way to a callable instance
    return Object.setPrototypeOf(self, new.target.prototype)
  }

  protected abstract invoke(...args: unknown[]): unknown
}
