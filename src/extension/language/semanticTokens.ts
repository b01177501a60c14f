import {
  type Disposable,
  Disposable as Disposables,
  EventEmitter,
  languages,
  SemanticTokensBuilder,
  SemanticTokensLegend,
} from 'vscode'
import type { SemanticTokenModifier, SemanticTokenType } from '../../language/serverProtocol.js'
import { selector } from './cells.js'
import { rangeIn } from './places.js'
import type { Servers } from './servers.js'
import { onDidSettle } from './settled.js'

const types: SemanticTokenType[] = [
  ...(['class', 'enum', 'interface', 'namespace', 'typeParameter', 'type'] as const),
  ...(['parameter', 'variable', 'enumMember', 'property', 'function', 'method'] as const),
]
const modifiers: SemanticTokenModifier[] = ['declaration', 'static', 'async', 'readonly', 'defaultLibrary']
const legend = new SemanticTokensLegend(types, modifiers)

export function registerSemanticTokens(servers: Servers): Disposable {
  const change = new EventEmitter<void>()
  return Disposables.from(
    change,
    // names of a cell that has changed may be others in the cells below
    onDidSettle(() => change.fire()),
    languages.registerDocumentSemanticTokensProvider(
      selector,
      {
        onDidChangeSemanticTokens: change.event,
        async provideDocumentSemanticTokens(document, token) {
          const { version } = document
          const tokens = await servers.ask(
            document,
            (server, cell, signal) => server.semanticTokens({ cell }, signal),
            token,
          )
          if (!tokens || document.version !== version) return undefined
          const builder = new SemanticTokensBuilder(legend)
          for (const { type, modifiers, ...offsets } of tokens)
            builder.push(rangeIn(document, offsets), type, modifiers)
          return builder.build()
        },
      },
      legend,
    ),
  )
}
