import { resolve } from 'node:path'
import { atAnyDepth } from './answers/atAnyDepth.js'
import { completionDetails, completions } from './answers/completions.js'
import { definition } from './answers/definition.js'
import { diagnostics } from './answers/diagnostics.js'
import { format } from './answers/format.js'
import { hover, signatureHelp } from './answers/hover.js'
import { prepareRename, rename } from './answers/rename.js'
import { semanticTokens } from './answers/semanticTokens.js'
import type { Session } from './answers/session.js'
import compiler from './compiler.js'
import { cellsHost } from './host.js'
import { isComplete } from './isComplete.js'
import { slashed } from './ownTypes.js'
import type { CellUpdate, Method, Methods } from './serverProtocol.js'
import { virtualCells } from './virtualCells.js'

type Answers = { [M in Method]: (params: Methods[M]['params']) => Methods[M]['result'] }

/** TypeScript over all cells of a session; the protocol says what it takes and gives. */
export interface LanguageService extends Answers {
  update(update: CellUpdate): void
  /** Looks at the disk again at once; it does so each second of use. */
  refresh(): void
}

/** @param cwd the notebook's folder: imports, packages and tsconfig.json are looked for from there */
export function createLanguageService({ cwd }: { cwd: string }): LanguageService {
  const folder = slashed(resolve(cwd))
  const cells = virtualCells(folder)
  const host = cellsHost(folder, cells)
  const session: Session = { service: compiler.createLanguageService(host), cells, inner: host.own.inner }
  const over = <Params, Result>(answer: (session: Session, params: Params) => Result) => {
    return (params: Params) => atAnyDepth(session, host, () => answer(session, params))
  }
  return {
    update: cells.update,
    refresh: host.refresh,
    completions: over(completions),
    completionDetails: over(completionDetails),
    hover: over(hover),
    signatureHelp: over(signatureHelp),
    diagnostics: over(diagnostics),
    definition: over(definition),
    prepareRename: over(prepareRename),
    rename: over(rename),
    semanticTokens: over(semanticTokens),
    format: over(format),
    isComplete: ({ text }) => isComplete(text),
  }
}
