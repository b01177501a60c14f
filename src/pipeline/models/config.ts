import { UnsupportedModelError } from '../errors.js'

/**
 * Reads a config.json key by key, so that none is overlooked: a value that cannot be run is an UnsupportedModelError
 * naming file, key and value, and so is a key that no one has read by `finish()`.
 */
export class ConfigReader {
  #read = new Set<string>()
  readonly #json: Record<string, unknown>

  /**
   * @param json its `_use_default_values` names keys that count as absent: diffusers writes there what it filled in
   * @param where the file, for messages: `unet/config.json`
   */
  constructor(
    json: unknown,
    readonly where: string,
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new UnsupportedModelError(`${where}: expected an object, got ${JSON.stringify(json)}`)
    const { _use_default_values: defaults, ...given } = json as Record<string, unknown>
    for (const key of Array.isArray(defaults) ? defaults : []) delete given[key]
    this.#json = given
  }

  refuse(key: string, expected: string, value: unknown = this.#json[key]): never {
    throw new UnsupportedModelError(`${this.where}: "${key}" is ${JSON.stringify(value)}; ${expected}`)
  }

  /** The value as it stands; `fallback` only where the key is absent, since null is a value. */
  get(key: string, fallback?: unknown): unknown {
    this.#read.add(key)
    return Object.hasOwn(this.#json, key) ? this.#json[key] : fallback
  }

  number(key: string, fallback: number): number {
    const value = this.get(key, fallback)
    return typeof value === 'number' ? value : this.refuse(key, 'expected a number')
  }

  integer(key: string, fallback: number, min = 1): number {
    const value = this.get(key, fallback)
    return isInteger(value, min) ? value : this.refuse(key, `expected a whole number of at least ${min}`)
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.get(key, fallback)
    return typeof value === 'boolean' ? value : this.refuse(key, 'expected true or false')
  }

  /** One of `known`; null is allowed where `known` holds it. */
  oneOf<T extends string | number | boolean | null>(key: string, known: readonly T[], fallback: T): T {
    const value = this.get(key, fallback)
    return known.includes(value as T) ? (value as T) : this.refuse(key, `known here: ${known.join(', ')}`)
  }

  /** A list whose every item is one of `known`. */
  list<T extends string>(key: string, known: readonly T[], fallback: readonly T[], length?: number): T[] {
    const value = this.get(key, fallback)
    if (!Array.isArray(value) || value.length === 0) return this.refuse(key, 'expected a list')
    if (length !== undefined && value.length !== length)
      return this.refuse(key, `expected ${length} items, one a block`)
    for (const [i, item] of value.entries()) {
      if (!known.includes(item)) this.refuse(`${key}[${i}]`, `known here: ${known.join(', ')}`, item)
    }
    return value
  }

  integers(key: string, fallback: readonly number[], length?: number): number[] {
    const value = this.get(key, fallback)
    if (!Array.isArray(value) || value.length === 0 || !value.every(item => isInteger(item, 1)))
      return this.refuse(key, 'expected a list of whole numbers of at least 1')
    if (length !== undefined && value.length !== length)
      return this.refuse(key, `expected ${length} items, one a block`)
    return value
  }

  /** One value for all blocks, or a list of one a block. */
  perBlock<T extends number | boolean>(key: string, blocks: number, fallback: T): T[] {
    const value = this.get(key, fallback)
    const fits = (item: unknown): item is T =>
      typeof fallback === 'number' ? isInteger(item, 1) : typeof item === 'boolean'
    const what = typeof fallback === 'number' ? 'a whole number of at least 1' : 'true or false'
    if (fits(value)) return Array<T>(blocks).fill(value)
    if (!Array.isArray(value) || value.length !== blocks || !value.every(fits))
      return this.refuse(key, `expected ${what}, or a list of ${blocks}, one a block`)
    return value
  }

  /** Numbers or null, e.g. a statistic a channel. */
  numbersOrNull(key: string): number[] | null {
    const value = this.get(key, null)
    if (value === null) return null
    if (!Array.isArray(value) || !value.every(item => typeof item === 'number'))
      return this.refuse(key, 'expected a list of numbers or null')
    return value
  }

  /** Keys for something that is not built: absent, or the value that means "none". */
  without(values: Record<string, unknown>): void {
    for (const [key, none] of Object.entries(values)) {
      if (this.get(key, none) !== none) this.refuse(key, `only ${JSON.stringify(none)} is run here`)
    }
  }

  /** Keys that change nothing in what the reference computes with the blocks known here. */
  inert(...keys: string[]): void {
    for (const key of keys) this.#read.add(key)
  }

  /** Refuses keys that neither diffusers nor this reader knows, unless they are off; those that begin with `_` are bookkeeping. */
  finish(): void {
    if (Object.hasOwn(this.#json, 'quantization_config'))
      this.refuse('quantization_config', 'quantized weights are not run here')
    for (const [key, value] of Object.entries(this.#json))
      if (!this.#read.has(key) && !key.startsWith('_') && !isOff(value))
        this.refuse(
          key,
          'no such key is known, and it may change what the model computes: if it does not, take it out of the file',
        )
  }
}

function isOff(value: unknown): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0)
}

function isInteger(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min
}
