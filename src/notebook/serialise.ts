import { randomUUID } from 'node:crypto'
import { type Cell, joined, type Metadata, type MimeBundle, type Notebook, type Output } from './nbformat.js'

const kernelspec = { display_name: 'SD Notebook', language: 'typescript', name: 'sdnb' }
const languageInfo = { file_extension: '.ts', mimetype: 'text/x.typescript', name: 'typescript' }

/**
 * The notebook as nbformat 4.5 JSON, laid out as Python's nbformat does it: keys sorted, indented by 1, texts as lists of lines.
 * Equal notebooks give equal bytes. A notebook that names no kernel gets this project's.
 */
export function serialiseNotebook(notebook: Notebook): string {
  return layOut(notebook, base64)
}

/** {@link serialiseNotebook} in UTF-8. What its outputs hold as bytes goes there past JSON.stringify, as base64 needs no escapes. */
export function notebookFile(notebook: Notebook): Buffer {
  const mark = randomUUID()
  const contents: Uint8Array[] = []
  const [start, ...rest] = layOut(notebook, bytes => {
    contents.push(bytes)
    return mark
  }).split(mark)
  const parts = rest.flatMap((text, i) => [Buffer.from(base64(contents[i]), 'latin1'), Buffer.from(text)])
  return Buffer.concat([Buffer.from(start), ...parts])
}

function layOut({ cells, metadata, nbformat, nbformat_minor }: Notebook, shown: (bytes: Uint8Array) => string): string {
  const { orig_nbformat: _, orig_nbformat_minor: __, signature: ___, ...kept } = metadata
  const notebook = {
    cells: cells.map(serialiseCell),
    metadata: { kernelspec, language_info: languageInfo, ...kept },
    nbformat,
    nbformat_minor,
  }
  return `${JSON.stringify(sorted(notebook, shown), null, 1)}\n`
}

function serialiseCell(cell: Cell): Metadata {
  const { trusted: _, ...metadata } = cell.metadata
  const common = { ...cell, metadata, source: lines(joined(cell.source)) }
  if (cell.cell_type === 'code') return { ...common, outputs: cell.outputs.map(serialiseOutput) }
  if (!cell.attachments) return common
  const files = Object.entries(cell.attachments).map(([name, data]) => [name, serialiseBundle(data)])
  return { ...common, attachments: Object.fromEntries(files) }
}

function serialiseOutput(output: Output): Metadata {
  if (output.output_type === 'stream') return { ...output, text: lines(joined(output.text)) }
  if (output.output_type === 'error') return { ...output }
  return { ...output, data: serialiseBundle(output.data) }
}

function serialiseBundle(data: MimeBundle): MimeBundle {
  const isText = (type: string) =>
    type.startsWith('text/') || type === 'application/javascript' || type === 'image/svg+xml'
  return Object.fromEntries(
    Object.entries(data).map(([type, value]) => [
      type,
      typeof value === 'string' && isText(type) ? lines(value) : value,
    ]),
  )
}

/** What ends a line for Python's `str.splitlines`. */
const lineEnds = '\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029'
const line = new RegExp(`[^${lineEnds}]*(?:\\r\\n|[${lineEnds}])|[^${lineEnds}]+$`, 'g')

const lines = (text: string): string[] => text.match(line) ?? []

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

function sorted(value: unknown, shown: (bytes: Uint8Array) => string): unknown {
  if (Array.isArray(value)) return value.map(item => sorted(item, shown))
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return shown(value)
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map(key => [key, sorted((value as Metadata)[key], shown)]))
}
