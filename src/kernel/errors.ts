import { inspect, types } from 'node:util'
import { CellSyntaxError } from '../language/transform.js'
import type { ErrorContent } from '../protocol/messages.js'
import { cleanNames } from './stack.js'

/** What was thrown, as an error message: without terminal colours, frames named by cell and line, causes below. */
export function errorContent(thrown: unknown, cell: { count: number; code: string }): ErrorContent {
  if (thrown instanceof CellSyntaxError) return syntaxError(thrown, cell)
  if (!isError(thrown)) {
    const evalue = inspect(thrown)
    return { ename: 'Uncaught', evalue, traceback: [`Uncaught ${evalue}`] }
  }
  return { ename: nameOf(thrown), evalue: messageOf(thrown), traceback: traceback(thrown, new Set()) }
}

function syntaxError(
  { message, line, column }: CellSyntaxError,
  { count, code }: { count: number; code: string },
): ErrorContent {
  const evalue = `${message} (line ${line}, column ${column})`
  const text = code.split('\n')[line - 1]?.replace(/\r$/, '') ?? ''
  const marker = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return {
    ename: 'SyntaxError',
    evalue,
    traceback: [`Cell In[${count}], line ${line}`, `    ${text}`, `    ${marker}^`, `SyntaxError: ${evalue}`],
  }
}

function traceback(error: Error, seen: Set<unknown>): string[] {
  seen.add(error)
  const lines = [...`${nameOf(error)}: ${messageOf(error)}`.split('\n'), ...frames(error)]
  const { errors } = error as { errors?: unknown }
  for (const inner of Array.isArray(errors) ? errors : []) lines.push(...section('One of the errors', inner, seen))
  if (error.cause !== undefined) lines.push(...section('Caused by', error.cause, seen))
  return lines
}

function section(title: string, thrown: unknown, seen: Set<unknown>): string[] {
  if (seen.has(thrown)) return []
  const [first, ...rest] = isError(thrown) ? traceback(thrown, seen) : inspect(thrown).split('\n')
  return [`${title}: ${first}`, ...rest]
}

function frames(error: Error): string[] {
  try {
    const lines = String(error.stack ?? '').split('\n')
    return lines.slice(lines.findLastIndex(line => !/^ {4}at /.test(line)) + 1)
  } catch {
    return []
  }
}

function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || types.isNativeError(thrown)
}

const nameOf = (error: Error) => String(error.name || error.constructor?.name || 'Error')
const messageOf = (error: Error) => cleanNames(String(error.message))
