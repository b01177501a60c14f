import { readFile } from 'node:fs/promises'
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
    value = JSON.parse(text)
  } catch (error) {
    const reason = text.trim() === '' ? 'the file is empty' : (error as Error).message
    throw new CorruptWeightsError(`${path}:${placeOfError(text)}: expected JSON: ${reason}`, { cause: error })
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

/** `line:column`, both from 1, of the first character that no JSON text can have there. V8's own message often has no place. */
function placeOfError(text: string): string {
  const before = text.slice(0, validLength(text))
  return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}

/** How far `text` is JSON: a stack of open brackets, and what may come next. */
function validLength(text: string): number {
  const token =
    /[ \t\r\n]*(?:("(?:[^"\\\r\n\t]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/y
  const open: string[] = []
  let due: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'next' = 'value'
  for (let end = 0; ; end = token.lastIndex) {
    token.lastIndex = end
    const [whole, scalar, mark] = token.exec(text) ?? []
    if (whole === undefined) return end + (text.slice(end).length - text.slice(end).trimStart().length)
    const closes = mark === (open.at(-1) === '{' ? '}' : ']') && open.length > 0
    if (scalar !== undefined && (due === 'value' || due === 'valueOrEnd')) due = 'next'
    else if (scalar?.startsWith('"') && (due === 'key' || due === 'keyOrEnd')) due = 'colon'
    else if (mark === ':' && due === 'colon') due = 'value'
    else if (mark === ',' && due === 'next' && open.length > 0) due = open.at(-1) === '{' ? 'key' : 'value'
    else if (closes && (due === 'next' || due === 'keyOrEnd' || (due === 'valueOrEnd' && mark === ']'))) {
      open.pop()
      due = 'next'
    } else if ((mark === '{' || mark === '[') && (due === 'value' || due === 'valueOrEnd')) {
      open.push(mark)
      due = mark === '{' ? 'keyOrEnd' : 'valueOrEnd'
    } else return token.lastIndex - (scalar ?? mark).length
  }
}
