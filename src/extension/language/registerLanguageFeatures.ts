import { Disposable, type LogOutputChannel } from 'vscode'
import type { NodeRuntime } from '../nodePath.js'
import { registerCompletions } from './completions.js'
import { registerDefinitions } from './definitions.js'
import { registerDiagnostics } from './diagnostics.js'
import { registerFormatting } from './formatting.js'
import { registerHovers } from './hovers.js'
import { registerRename } from './rename.js'
import { registerSemanticTokens } from './semanticTokens.js'
import { createServers } from './servers.js'
import { registerSignatureHelp } from './signatureHelp.js'

export interface LanguageFeatures {
  findNode(): Promise<NodeRuntime>
  /** the language server's built file */
  serverFile: string
  log: LogOutputChannel
}

/** What an editor of cells offers; each notebook has a language server of its own, which starts with the first question. */
export function registerLanguageFeatures(features: LanguageFeatures): Disposable {
  const servers = createServers(features)
  return Disposable.from(
    servers,
    registerCompletions(servers),
    registerHovers(servers),
    registerSignatureHelp(servers),
    registerDefinitions(servers),
    registerRename(servers),
    registerFormatting(servers),
    registerSemanticTokens(servers),
    registerDiagnostics(servers),
  )
}
