import { resolve } from 'node:path'
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
  return {
    update: cells.update,
    refresh: host.refresh,
    completions: at => completions(session, at),
    completionDetails: at => completionDetails(session, at),
    hover: at => hover(session, at),
    signatureHelp: at => signatureHelp(session, at),
    diagnostics: of => diagnostics(session, of),
    definition: at => definition(session, at),
    prepareRename: at => prepareRename(session, at),
    rename: params => rename(session, params),
    semanticTokens: of => semanticTokens(session, of),
    format: params => format(session, params),
    isComplete: ({ text }) => isComplete(text),
  }
}
