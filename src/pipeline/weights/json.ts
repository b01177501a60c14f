import { readFile } from 'node:fs/promises'
import type { ParseError } from 'jsonc-parser'
import { CorruptWeightsError, ModelNotFoundError } from '../errors.js'

/**
 * A model folder's JSON file, which holds an object.
 * @throws ModelNotFoundError  where there is no such file
 * @throws CorruptWeightsError where it is not JSON (with line and column) or no object
 */
export async function readJsonFile(path: string): Promise<Record<string, unknown>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) throw new ModelNotFoundError(`expected a file ${path}: there is none`, { cause: error })
    throw error
  }
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    const reason = text.trim() === '' ? 'the file is empty' : (error as Error).message
    throw new CorruptWeightsError(`${path}:${await placeOfError(text)}: expected JSON: ${reason}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CorruptWeightsError(`${path}: expected a JSON object, got ${JSON.stringify(value).slice(0, 60)}`)
  return value as Record<string, unknown>
}

/** The same, `undefined` where there is no such file. */
export async function readJsonFileIfAny(path: string): Promise<Record<string, unknown> | undefined> {
  return readJsonFile(path).catch(error => {
    if (error instanceof ModelNotFoundError) return undefined
    throw error
  })
}

/** True for the error of a path that leads nowhere. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** `line:column`, both from 1, of what is no JSON. V8's own message often has no place. */
async function placeOfError(text: string): Promise<string> {
  const { parse } = await import('jsonc-parser')
  const errors: ParseError[] = []
  parse(text, errors, { disallowComments: true })
  const before = text.slice(0, errors[0].offset)
  return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}

/** Python's JSON may hold `-Infinity`, as a scheduler's `lambda_min_clipped` does. */
function parseJson(text: string): unknown {
  return JSON.parse(text.replace(/([[:,]\s*-?)Infinity(?=\s*[,}\]])/g, '$11e999'))
}
