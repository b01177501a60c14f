import { inspect } from 'node:util'

/** MIME type → text, bytes of a binary type, or the JSON value of `…+json`. */
export type MimeBundle = Record<string, unknown>

/** How a value is shown. */
export interface DisplayOptions {
  /** a name for this display, so that it can be replaced */
  id?: string
  /** replace the display of that `id`, in whichever cell it stands, instead of adding one */
  update?: boolean
}

export interface ClearOutputOptions {
  /** only when the next output comes, so that nothing flickers */
  wait?: boolean
}

/** What a notebook's kernel sets under `Symbol.for('sdnb.display')`, where any copy of any module finds it. */
export interface DisplayHost {
  display(shown: { bundle: MimeBundle } | { value: unknown }, options: DisplayOptions): Promise<void>
  clearOutput(options: ClearOutputOptions): void
}

const hostSymbol = Symbol.for('sdnb.display')
const host = () => (globalThis as { [hostSymbol]?: DisplayHost })[hostSymbol]

/**
 * Shows a value in the cell that calls, or prints it in a plain script.
 * @param value a MIME bundle such as `{ 'text/html': '<b>hi</b>' }`, an object with `[Symbol.for('Jupyter.display')]()`, or
 *   anything else, shown as the console would
 * @throws TypeError for `update` without an `id`
 */
export async function display(value: unknown, options: DisplayOptions = {}): Promise<void> {
  if (options.update && options.id === undefined)
    throw new TypeError('display: update needs the id of what it replaces')
  if (host()) await host()!.display(isMimeBundle(value) ? { bundle: value } : { value }, options)
  else console.log(await plainText(value))
}

/** Removes what the cell has shown so far; nothing in a plain script. */
export function clearOutput(options: ClearOutputOptions = {}): void {
  host()?.clearOutput(options)
}

/** A plain object whose every key is a MIME type. */
function isMimeBundle(value: unknown): value is MimeBundle {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every(key => /^[\w.+-]+\/[\w.+-]+$/.test(key))
}

async function plainText(value: unknown): Promise<string> {
  const describe = (value as { [key: symbol]: unknown } | null | undefined)?.[Symbol.for('Jupyter.display')]
  const bundle = isMimeBundle(value) ? value : typeof describe === 'function' ? await describe.call(value) : undefined
  if (!bundle) return inspect(value)
  return String(bundle['text/plain'] ?? `[${Object.keys(bundle).join(', ')}]`)
}
