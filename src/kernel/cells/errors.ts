import { inspect, stripVTControlCharacters, types } from 'node:util'
import { CellSyntaxError } from '../../language/transform.js'
import type { ErrorContent } from '../../protocol/messages.js'
import { cellPlace, cleanNames } from './stack.js'

/** Longer messages and longer lists of errors are cut. */
const maxCharacters = 10_000
const maxErrors = 10

/**
 * What was thrown, as an error message without terminal colours: the error, its frames by cell and line, the line of the top-most cell,
 * causes below. Nothing that a cell throws makes this throw.
 */
export function errorContent(thrown: unknown, cell: { count: number; code: string }): ErrorContent {
  if (!isError(thrown)) {
    const evalue = shown(thrown)
    return { ename: 'Uncaught', evalue, traceback: `Uncaught ${evalue}`.split('\n') }
  }
  if (thrown instanceof CellSyntaxError) return syntaxError(thrown, cell)
  return { ename: nameOf(thrown), evalue: messageOf(thrown), traceback: traceback(thrown, new Set()) }
}

function syntaxError(
  { message, line, column }: CellSyntaxError,
  { count, code }: { count: number; code: string },
): ErrorContent {
  const evalue = `${message} (line ${line}, column ${column})`
  return {
    ename: 'SyntaxError',
    evalue,
    traceback: [...sourceLine(count, code, line, column), `SyntaxError: ${evalue}`],
  }
}

/** A line of a cell with a marker below the column; both 1-based. Clients make a link of `Cell In[3], line 2`. */
function sourceLine(count: number, code: string, line: number, column: number): string[] {
  const text = code.split('\n')[line - 1]?.replace(/\r$/, '') ?? ''
  const marker = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return [`Cell In[${count}], line ${line}`, `    ${text}`, `    ${marker}^`]
}

function traceback(error: Error, seen: Set<unknown>): string[] {
  const isFirst = seen.size === 0
  seen.add(error)
  const lines = [...headline(error).split('\n'), ...frames(error)]
  const place = isFirst ? cellPlace(error) : undefined
  if (place) lines.push(...sourceLine(place.count, place.text, place.line + 1, place.column + 1))
  const errors = read(error, 'errors')
  if (Array.isArray(errors)) {
    for (const inner of errors.slice(0, maxErrors)) lines.push(...section('One of the errors', inner, seen))
    if (errors.length > maxErrors) lines.push(`… and ${errors.length - maxErrors} more errors`)
  }
  if (nameOf(error) === 'SuppressedError') {
    lines.push(...section('Thrown last', read(error, 'error'), seen))
    lines.push(...section('Thrown before', read(error, 'suppressed'), seen))
  }
  const cause = read(error, 'cause')
  if (cause !== undefined) lines.push(...section('Caused by', cause, seen))
  return lines
}

function section(title: string, thrown: unknown, seen: Set<unknown>): string[] {
  if (seen.has(thrown) || seen.size > 2 * maxErrors) return []
  const [first, ...rest] = isError(thrown) ? traceback(thrown, seen) : shown(thrown).split('\n')
  return [`${title}: ${first}`, ...rest]
}

function frames(error: Error): string[] {
  const stack = read(error, 'stack')
  if (typeof stack !== 'string') return []
  const lines = stripVTControlCharacters(stack).split('\n')
  return lines.slice(lines.findLastIndex(line => !/^ {4}at /.test(line)) + 1).filter(line => !resumption.test(line))
}

/** How V8 names the going on of a generator, which is nowhere. */
const resumption = /^ {4}at \S*\.next \(<anonymous>\)$/

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error || types.isNativeError(thrown)
  } catch {
    return false
  }
}

function headline(error: Error): string {
  const message = messageOf(error)
  return message ? `${nameOf(error)}: ${message}` : nameOf(error)
}

function nameOf(error: Error): string {
  const name = read(error, 'name')
  return typeof name === 'string' && name ? asText(name) : 'Error'
}

const messageOf = (error: Error) => cleanNames(asText(read(error, 'message')))

/** A property, or nothing where reading it throws. */
function read(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name)
  } catch {
    return undefined
  }
}

const asText = (value: unknown) => (typeof value === 'string' ? cut(value) : value === undefined ? '' : shown(value))

function shown(value: unknown): string {
  try {
    return cut(inspect(value))
  } catch {
    return `a value that cannot be shown (${typeof value})`
  }
}

function cut(text: string): string {
  const plain = stripVTControlCharacters(text)
  const more = plain.length - maxCharacters
  return more > 0 ? `${plain.slice(0, maxCharacters)}… ${more} more characters` : plain
}
