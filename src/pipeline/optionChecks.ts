import { inspect } from 'node:util'
import { InvalidOptionError } from './errors.js'
import { Image } from './image/image.js'

// What an option may be. Each throws InvalidOptionError that says what was expected and what came.

export function checkNames(options: object, known: ReadonlySet<string>): void {
  for (const name of Object.keys(options))
    if (!known.has(name)) throw new InvalidOptionError(`unknown option "${name}"; known here: ${[...known].join(', ')}`)
}

export function checkSignal({ signal }: { signal?: unknown }): void {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new InvalidOptionError(`signal must be an AbortSignal, got ${shown(signal)}`)
}

export function side(name: string, value: number | undefined, multiple: number): number {
  if (value === undefined)
    throw new InvalidOptionError(`${name} must be given: the U-Net's config names no sample_size`)
  if (Number.isInteger(value) && value > 0 && value % multiple === 0) return value
  const below = Math.max(multiple, Math.floor(value / multiple) * multiple)
  const hint = Number.isFinite(value) ? `: try ${value > multiple ? `${below} or ${below + multiple}` : multiple}` : ''
  throw new InvalidOptionError(`${name} must be a multiple of ${multiple}, got ${shown(value)}${hint}`)
}

export function whole(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value
  throw new InvalidOptionError(`${name} must be a whole number of at least ${least}, got ${shown(value)}`)
}

export function finite(name: string, value: number, least = -Infinity, most = Infinity): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value
  const range = least === -Infinity ? '' : ` from ${least} to ${most}`
  throw new InvalidOptionError(`${name} must be a number${range}, got ${shown(value)}`)
}

export function oneOf<T extends string>(name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value
  throw new InvalidOptionError(`${name} must be one of ${known.join(', ')}, got ${shown(value)}`)
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (value instanceof Image) return inspect(value)
  return String(value)
}
