import { joined, type MultilineText, type Notebook } from '../notebook/nbformat.js'
import { rasterTypes } from '../notebook/pictureTypes.js'

/** A picture among a notebook's outputs. */
export interface Picture {
  /** unique in the notebook: the cell's count, and its place among the cell's pictures from the second on */
  fileName: string
  bytes: Buffer
}

export function picturesOf(notebook: Notebook, name: string): Picture[] {
  return notebook.cells.flatMap(cell => {
    if (cell.cell_type !== 'code') return []
    const bundles = cell.outputs.map(output => ('data' in output ? output.data : {}))
    return bundles
      .flatMap(bundle => {
        const type = Object.entries(rasterTypes).find(([type]) => bundle[type])
        return type ? [{ extension: type[1], base64: joined(bundle[type[0]] as MultilineText) }] : []
      })
      .map(({ extension, base64 }, index) => ({
        fileName: `${name}-${cell.execution_count}${index ? `-${index + 1}` : ''}.${extension}`,
        bytes: Buffer.from(base64, 'base64'),
      }))
  })
}
