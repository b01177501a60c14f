import { NotebookCellData, NotebookCellKind, type NotebookCellOutput, NotebookData } from 'vscode'
import { type Cell, type CodeCell, joined, type Notebook, type Output } from '../notebook/nbformat.js'
import { cellOutput, imageType, savedOutput } from './cellOutput.js'

/** What a saved notebook holds of its outputs. */
export interface SaveOptions {
  outputs: 'all' | 'no-images' | 'none'
  executionCounts: boolean
}

/** What nbformat has and VS Code has no place for stands in the metadata: of the notebook, and of each cell. */
export function notebookData({ cells, ...rest }: Notebook): NotebookData {
  const data = new NotebookData(cells.map(cellData))
  data.metadata = rest
  return data
}

function cellData(cell: Cell): NotebookCellData {
  const { id, metadata, source } = cell
  const isMarkdown = cell.cell_type === 'markdown'
  const data = new NotebookCellData(
    isMarkdown ? NotebookCellKind.Markup : NotebookCellKind.Code,
    joined(source),
    isMarkdown ? 'markdown' : cell.cell_type === 'raw' ? 'raw' : languageOf(metadata),
  )
  data.metadata = { id, metadata, ...('attachments' in cell && { attachments: cell.attachments }) }
  if (cell.cell_type !== 'code') return data
  data.outputs = cell.outputs.map(cellOutput)
  if (cell.execution_count !== null) data.executionSummary = { executionOrder: cell.execution_count }
  return data
}

/** Undoes {@link notebookData}, for a file. */
export function savedNotebook({ cells, metadata }: NotebookData, options: SaveOptions): Notebook {
  const { nbformat = 4, nbformat_minor = 5, metadata: kept = {} } = (metadata ?? {}) as Partial<Notebook>
  const taken = new Set<string>()
  return {
    ...{ nbformat, nbformat_minor, metadata: kept },
    cells: cells.map(cell => savedCell(cell, freeId(cell.metadata?.id, taken), options)),
  }
}

function savedCell(data: NotebookCellData, id: string, options: SaveOptions): Cell {
  const { metadata = {}, attachments } = data.metadata ?? {}
  const rest = { id, metadata, source: data.value, ...(attachments && { attachments }) }
  if (data.kind === NotebookCellKind.Markup) return { cell_type: 'markdown', ...rest }
  if (data.languageId === 'raw') return { cell_type: 'raw', ...rest }
  const { executionOrder = null, timing } = data.executionSummary ?? {}
  const { execution, vscode, ...known } = metadata
  const cell: CodeCell = {
    ...{ cell_type: 'code', id, source: data.value },
    metadata: {
      ...known,
      ...withLanguage(vscode, data.languageId),
      ...(options.executionCounts && (timing ? { execution: timingOf(timing) } : execution && { execution })),
    },
    execution_count: options.executionCounts ? executionOrder : null,
    outputs: [],
  }
  if (options.outputs !== 'none')
    for (const output of data.outputs ?? []) {
      const saved = savedOutput(options.outputs === 'all' ? output : withoutPictures(output))
      if (saved) cell.outputs.push(options.executionCounts ? saved : withoutCount(saved))
    }
  return cell
}

const withoutPictures = (output: NotebookCellOutput): NotebookCellOutput => ({
  ...output,
  items: output.items.filter(({ mime }) => !mime.startsWith('image/') && mime !== imageType),
})

const withoutCount = (output: Output): Output =>
  output.output_type === 'execute_result' ? { ...output, execution_count: null } : output

/** As VS Code's Jupyter notebooks keep a language that is not the kernel's. */
const languageOf = ({ vscode }: Cell['metadata']): string =>
  (vscode as { languageId?: string } | undefined)?.languageId ?? 'typescript'

function withLanguage(vscode: Record<string, unknown> | undefined, languageId: string) {
  const { languageId: _, ...rest } = vscode ?? {}
  const kept = languageId === 'typescript' ? rest : { ...rest, languageId }
  return Object.keys(kept).length ? { vscode: kept } : {}
}

/** As Jupyter records timings, nbformat's `metadata.execution`. */
const timingOf = ({ startTime, endTime }: { startTime: number; endTime: number }) => ({
  'iopub.execute_input': new Date(startTime).toISOString(),
  'shell.execute_reply': new Date(endTime).toISOString(),
})

function freeId(wanted: unknown, taken: Set<string>): string {
  const id = typeof wanted === 'string' && /^[\w-]{1,64}$/.test(wanted) && !taken.has(wanted) ? wanted : newId()
  taken.add(id)
  return id
}

export const newId = (): string => crypto.randomUUID().slice(0, 8)
