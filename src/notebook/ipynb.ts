import type { Notebook } from './nbformat.js'
import { serialiseNotebook } from './serialise.js'

/** A Jupyter notebook, nbformat 4.5, that names this project's kernel, whichever it named before. */
export function notebookToIpynb({ cells, metadata }: Notebook): string {
  const { kernelspec: _, language_info: __, ...kept } = metadata
  return serialiseNotebook({ nbformat: 4, nbformat_minor: 5, metadata: kept, cells })
}
