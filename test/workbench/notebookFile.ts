import { serialiseNotebook } from '../../src/notebook/serialise.js'

/** A `.sdnb` file with a code cell for each source. */
export function notebookOf(...sources: string[]): string {
  return serialiseNotebook({
    ...{ nbformat: 4, nbformat_minor: 5, metadata: {} },
    cells: sources.map((source, i) => ({
      ...{ cell_type: 'code', id: `cell-${i}`, metadata: {}, source, execution_count: null, outputs: [] },
    })),
  })
}
