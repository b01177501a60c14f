/** nbformat 4.5 as types: a text of several lines may also stand as an array of its lines. */
export type MultilineText = string | string[]

export type Metadata = Record<string, unknown>

/** MIME type → text, base64 of binary types (to be written: bytes too), or the JSON value of `…+json`. */
export type MimeBundle = Record<string, unknown>

export interface StreamOutput {
  output_type: 'stream'
  name: 'stdout' | 'stderr'
  text: MultilineText
}

export interface DisplayOutput {
  output_type: 'display_data'
  data: MimeBundle
  metadata: Metadata
}

export interface ResultOutput {
  output_type: 'execute_result'
  execution_count: number | null
  data: MimeBundle
  metadata: Metadata
}

export interface ErrorOutput {
  output_type: 'error'
  ename: string
  evalue: string
  traceback: string[]
}

export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput

export interface CodeCell {
  cell_type: 'code'
  id: string
  metadata: Metadata
  source: MultilineText
  execution_count: number | null
  outputs: Output[]
}

export interface MarkdownCell {
  cell_type: 'markdown'
  id: string
  metadata: Metadata
  source: MultilineText
  attachments?: Record<string, MimeBundle>
}

export interface RawCell {
  cell_type: 'raw'
  id: string
  metadata: Metadata
  source: MultilineText
  attachments?: Record<string, MimeBundle>
}

export type Cell = CodeCell | MarkdownCell | RawCell

export interface Notebook {
  nbformat: number
  nbformat_minor: number
  metadata: Metadata
  cells: Cell[]
}

/** A text as one string, as it came or with its lines put together. */
export function joined(text: MultilineText): string {
  return Array.isArray(text) ? text.join('') : text
}
