import { type Cell, type CodeCell, joined, type Notebook } from './nbformat.js'

/** The source of the cell tagged `parameters`; undefined when the notebook has none. */
export function parametersSource(notebook: Notebook): string | undefined {
  const cell = notebook.cells.find(cell => isTagged(cell, 'parameters'))
  return cell && joined(cell.source)
}

/**
 * A copy of the notebook with `source` in a cell tagged `injected-parameters`: in place of the one it has, else after
 * the cell tagged `parameters`, else at the top, as papermill does.
 */
export function injectParameters(notebook: Notebook, source: string): Notebook {
  const cells = notebook.cells.filter(cell => !isTagged(cell, 'injected-parameters'))
  const cell: CodeCell = {
    cell_type: 'code',
    id: freeId(cells, 'injected-parameters'),
    metadata: { tags: ['injected-parameters'] },
    source,
    execution_count: null,
    outputs: [],
  }
  const before = notebook.cells.findIndex(cell => isTagged(cell, 'injected-parameters'))
  const place = before >= 0 ? before : cells.findIndex(cell => isTagged(cell, 'parameters')) + 1
  return { ...notebook, cells: cells.toSpliced(place, 0, cell) }
}

function isTagged(cell: Cell, tag: string): boolean {
  return cell.cell_type === 'code' && Array.isArray(cell.metadata.tags) && cell.metadata.tags.includes(tag)
}

function freeId(cells: Cell[], wanted: string): string {
  let id = wanted
  for (let n = 2; cells.some(cell => cell.id === id); n++) id = `${wanted}-${n}`
  return id
}
