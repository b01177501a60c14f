import { NotebookCellOutput, NotebookCellOutputItem } from 'vscode'
import type { MimeBundle, Output } from '../notebook/nbformat.js'
import { imageDetailsType } from '../protocol/pictures.js'

/**
 * VS Code's form of an output. It holds a picture of ours once, as the PNG's bytes under a type of its own, which our renderer shows;
 * a file holds it as `image/png`, which every viewer of notebooks shows, beside `application/vnd.sdnb.image+json`, which tells what is in it.
 */
export const imageType = 'application/vnd.sdnb.image'

const streamTypes = {
  stdout: 'application/vnd.code.notebook.stdout',
  stderr: 'application/vnd.code.notebook.stderr',
} as const
const errorType = 'application/vnd.code.notebook.error'

/** What VS Code's form of an output has no place for. */
interface Kept {
  output_type?: Output['output_type']
  execution_count?: number | null
  metadata?: Record<string, unknown>
  /** base64 that is laid out as ours is not */
  verbatim?: Record<string, string>
  error?: { ename: string; evalue: string; traceback: string[] }
  /** under types that VS Code does not take for types, or would write otherwise */
  others?: MimeBundle
  sdnb?: { image: unknown }
}

/** An output of a notebook or of a kernel, whose pictures are base64 or bytes. */
export function cellOutput(output: Output): NotebookCellOutput {
  if (output.output_type === 'stream')
    return new NotebookCellOutput([streamItem(output.name, text(output.text))], { output_type: 'stream' })
  if (output.output_type === 'error') {
    const { ename, evalue, traceback } = output
    const item = NotebookCellOutputItem.error({
      name: ename,
      message: evalue,
      stack: traceback.flatMap(linked).join('\n'),
    })
    return new NotebookCellOutput([item], { output_type: 'error', error: { ename, evalue, traceback } } satisfies Kept)
  }
  const kept: Kept = { output_type: output.output_type, metadata: output.metadata }
  if (output.output_type === 'execute_result') kept.execution_count = output.execution_count
  return new NotebookCellOutput(itemsOf(output.data, kept), kept)
}

export const streamItem = (name: 'stdout' | 'stderr', text: string): NotebookCellOutputItem =>
  NotebookCellOutputItem[name](text)

/** The items of a display, richest first. */
function itemsOf(data: MimeBundle, kept: Kept): NotebookCellOutputItem[] {
  const { [imageDetailsType]: details, 'image/png': png, ...others } = data
  if (details === undefined || png === undefined) return items(data, kept)
  kept.sdnb = { image: details }
  const rest = items(others, kept)
  return [new NotebookCellOutputItem(item('image/png', png, kept).data, imageType), ...rest]
}

function items(data: MimeBundle, kept: Kept): NotebookCellOutputItem[] {
  const [own, others] = [{} as MimeBundle, {} as MimeBundle]
  for (const [type, value] of Object.entries(data)) (isVscodeType(type) ? own : others)[type] = value
  if (Object.keys(others).length) kept.others = others
  return Object.entries(own).map(([type, value]) => item(type, value, kept))
}

const isVscodeType = (type: string) => /^[^\s/;]+\/[^\s]+$/.test(type) && type === type.toLowerCase()

function item(type: string, value: unknown, kept: Kept): NotebookCellOutputItem {
  if (value instanceof Uint8Array) return new NotebookCellOutputItem(value, type)
  if (typeof value !== 'string' || isJson(type))
    return new NotebookCellOutputItem(Buffer.from(JSON.stringify(value)), type)
  if (!isBinary(type)) return NotebookCellOutputItem.text(value, type)
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value) kept.verbatim = { ...kept.verbatim, [type]: value }
  return new NotebookCellOutputItem(bytes, type)
}

/** VS Code makes a link of `Cell In[1], line 3` where that is all of a line. */
function linked(line: string): string[] {
  const frame = /^( *)at (?:(.+) \()?(Cell In\[\d+\], line \d+)\)?$/.exec(line)
  if (!frame) return [line]
  const [, indent, name, place] = frame
  return [...(name ? [`${indent}at ${name}`] : []), `${indent}${place}`]
}

/** Undoes {@link cellOutput}; pictures stay bytes. */
export function savedOutput({ items, metadata }: NotebookCellOutput): Output | undefined {
  const kept: Kept = metadata ?? {}
  for (const name of ['stdout', 'stderr'] as const)
    if (items.length && items.every(({ mime }) => mime === streamTypes[name]))
      return { output_type: 'stream', name, text: items.map(({ data }) => decoded(data)).join('') }
  const error = items.find(({ mime }) => mime === errorType)
  if (error) {
    const { name = '', message = '', stack = '' } = JSON.parse(decoded(error.data))
    return { output_type: 'error', ...(kept.error ?? { ename: name, evalue: message, traceback: stack.split('\n') }) }
  }
  if (!items.length && !kept.others) return undefined
  const data: MimeBundle = { ...kept.others }
  for (const { mime, data: bytes } of items) {
    const type = mime === imageType ? 'image/png' : mime
    data[type] = kept.verbatim?.[type] ?? savedValue(type, bytes)
  }
  if (kept.sdnb && 'image/png' in data) data[imageDetailsType] = kept.sdnb.image
  const shown = { data, metadata: kept.metadata ?? {} }
  if (kept.output_type !== 'execute_result') return { output_type: 'display_data', ...shown }
  return { output_type: 'execute_result', execution_count: kept.execution_count ?? null, ...shown }
}

function savedValue(type: string, bytes: Uint8Array): unknown {
  if (isBinary(type)) return bytes
  return isJson(type) ? JSON.parse(decoded(bytes)) : decoded(bytes)
}

const isJson = (type: string) => type === 'application/json' || type.endsWith('+json')

/** Types that nbformat keeps as base64. */
const isBinary = (type: string) =>
  /^(image|audio|video|font)\/|^application\/(pdf|octet-stream|zip)$/.test(type) && type !== 'image/svg+xml'

const decoder = new TextDecoder()
const decoded = (bytes: Uint8Array) => decoder.decode(bytes)
const text = (value: string | string[]) => (Array.isArray(value) ? value.join('') : value)
