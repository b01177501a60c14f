import { createHash } from 'node:crypto'
import { jsonErrorAt } from './jsonError.js'
import type { Cell, CodeCell, Metadata, MimeBundle, MultilineText, Notebook, Output } from './nbformat.js'

/** A file that is no notebook; the message says why, and in which line where one can be told. */
export class NotebookError extends Error {
  override name = 'NotebookError'
}

/**
 * A `.sdnb` (or `.ipynb`) file, nbformat 4.0 to 4.5, as nbformat 4.5: sources and texts are one string each, a missing cell id
 * is derived from the cell's place and source. All metadata, attachments and MIME types are kept; a key that nbformat
 * does not know moves into the metadata of what has it.
 * @throws NotebookError
 */
export function parseNotebook(text: string): Notebook {
  const root = parseJson(text.replace(/^\uFEFF/, ''))
  if (!isObject(root)) throw new NotebookError(`expected a notebook, a JSON object, got ${kindOf(root)}`)
  const { nbformat, nbformat_minor, cells, metadata, ...unknown } = root
  if (typeof nbformat !== 'number' || !Number.isInteger(nbformat))
    throw new NotebookError(`nbformat: expected 4, got ${kindOf(nbformat)}: this is no notebook`)
  if (nbformat !== 4) throw new NotebookError(`nbformat: expected 4, got ${nbformat}: Jupyter can convert the notebook`)
  if (!Array.isArray(cells)) throw new NotebookError(`cells: expected a list, got ${kindOf(cells)}`)
  const minor = typeof nbformat_minor === 'number' ? nbformat_minor : 0
  return {
    nbformat,
    nbformat_minor: Math.max(5, minor),
    metadata: { ...unknown, ...optionalObject(metadata, 'metadata') },
    cells: withIds(cells.map(parseCell)),
  }
}

function parseJson(text: string): unknown {
  if (!text.trim()) throw new NotebookError('the file is empty')
  try {
    return JSON.parse(text)
  } catch {
    const { message, line, column } = jsonErrorAt(text)
    throw new NotebookError(`no JSON: ${message} (line ${line}, column ${column})`)
  }
}

function parseCell(cell: unknown, index: number): Cell {
  const where = `cells[${index}]`
  if (!isObject(cell)) throw new NotebookError(`${where}: expected an object, got ${kindOf(cell)}`)
  const { cell_type, id, source, metadata, attachments, outputs, execution_count, ...unknown } = cell
  const base = {
    id: typeof id === 'string' ? id : '',
    metadata: { ...unknown, ...optionalObject(metadata, `${where}.metadata`) },
    source: textOf(source, `${where}.source`),
  }
  if (cell_type === 'code') {
    if (outputs !== undefined && !Array.isArray(outputs))
      throw new NotebookError(`${where}.outputs: expected a list, got ${kindOf(outputs)}`)
    return {
      cell_type,
      ...base,
      execution_count: typeof execution_count === 'number' ? execution_count : null,
      outputs: (outputs ?? []).map((output: unknown, n: number) => parseOutput(output, `${where}.outputs[${n}]`)),
    } satisfies CodeCell
  }
  if (cell_type !== 'markdown' && cell_type !== 'raw')
    throw new NotebookError(`${where}.cell_type: expected code, markdown or raw, got ${JSON.stringify(cell_type)}`)
  if (attachments === undefined) return { cell_type, ...base }
  const files = Object.entries(optionalObject(attachments, `${where}.attachments`))
  return {
    cell_type,
    ...base,
    attachments: Object.fromEntries(files.map(([name, file]) => [name, bundle(file, `${where}.attachments.${name}`)])),
  }
}

function parseOutput(output: unknown, where: string): Output {
  if (!isObject(output)) throw new NotebookError(`${where}: expected an object, got ${kindOf(output)}`)
  const { output_type } = output
  switch (output_type) {
    case 'stream': {
      const name = output.name === 'stderr' ? 'stderr' : 'stdout'
      return { output_type, name, text: textOf(output.text, `${where}.text`) }
    }
    case 'error': {
      const traceback = Array.isArray(output.traceback) ? output.traceback.map(String) : []
      return { output_type, ename: String(output.ename ?? ''), evalue: String(output.evalue ?? ''), traceback }
    }
    case 'display_data':
    case 'execute_result': {
      const { data, metadata, execution_count, ...unknown } = output
      const shown = {
        data: bundle(data, `${where}.data`),
        metadata: { ...withoutType(unknown), ...optionalObject(metadata, `${where}.metadata`) },
      }
      if (output_type === 'display_data') return { output_type, ...shown }
      return { output_type, execution_count: typeof execution_count === 'number' ? execution_count : null, ...shown }
    }
    default:
      throw new NotebookError(
        `${where}.output_type: expected stream, display_data, execute_result or error, got ${JSON.stringify(output_type)}`,
      )
  }
}

const withoutType = ({ output_type: _, ...rest }: Metadata) => rest

/** Texts that nbformat splits into lines come back whole; a JSON value stays as it is. */
function bundle(data: unknown, where: string): MimeBundle {
  const entries = Object.entries(optionalObject(data, where)).map(([type, value]) => {
    const isText = Array.isArray(value) && !isJsonType(type) && value.every(line => typeof line === 'string')
    return [type, isText ? value.join('') : value]
  })
  return Object.fromEntries(entries)
}

const isJsonType = (type: string) => type === 'application/json' || /^application\/.*\+json$/.test(type)

/** nbformat 4.5: every cell has an id, 1–64 of letters, digits, - and _, that no other cell has. */
function withIds(cells: Cell[]): Cell[] {
  const given = cells.map(({ id }) => (/^[a-zA-Z0-9-_]{1,64}$/.test(id) ? id : undefined))
  const used = new Set(given)
  const seen = new Set<string>()
  for (const [index, cell] of cells.entries()) {
    const id = given[index]
    cell.id = id !== undefined && !seen.has(id) ? id : derivedId(cell, index, used)
    seen.add(cell.id)
  }
  return cells
}

function derivedId({ cell_type, source }: Cell, index: number, used: Set<string | undefined>): string {
  for (let attempt = 0; ; attempt++) {
    const hash = createHash('sha256').update(JSON.stringify([index, cell_type, source, attempt]))
    const id = hash.digest('hex').slice(0, 8)
    if (used.has(id)) continue
    used.add(id)
    return id
  }
}

function textOf(value: unknown, where: string): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every(line => typeof line === 'string')) return (value as MultilineText[]).join('')
  throw new NotebookError(`${where}: expected a string or a list of strings, got ${kindOf(value)}`)
}

function optionalObject(value: unknown, where: string): Metadata {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw new NotebookError(`${where}: expected an object, got ${kindOf(value)}`)
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}
