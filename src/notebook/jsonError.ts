import { createRequire } from 'node:module'
import type { ParseError } from 'jsonc-parser'

/** Loaded for a broken text alone: whoever reads notebooks would wait for it. */
const jsonc = (): typeof import('jsonc-parser') => createRequire(import.meta.url)('jsonc-parser')

/** Why and where a text is no JSON (RFC 8259); V8's own messages do not always say. Line and column are 1-based. */
export function jsonErrorAt(text: string): { message: string; line: number; column: number } {
  const { parse, printParseErrorCode } = jsonc()
  const errors: ParseError[] = []
  parse(text, errors, { disallowComments: true })
  const [{ error, offset }] = errors
  const before = text.slice(0, offset).split('\n')
  return { message: inWords(printParseErrorCode(error)), line: before.length, column: before.at(-1)!.length + 1 }
}

/** CommaExpected → comma expected */
const inWords = (code: string): string => code.replace(/(?!^)[A-Z]/g, capital => ` ${capital}`).toLowerCase()
