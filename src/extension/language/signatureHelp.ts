import {
  type Disposable,
  languages,
  ParameterInformation,
  SignatureHelp,
  type SignatureHelpProviderMetadata,
  SignatureInformation,
} from 'vscode'
import type { Signature } from '../../language/serverProtocol.js'
import { selector } from './cells.js'
import { untrusted } from './markdown.js'
import type { Servers } from './servers.js'

const triggers: SignatureHelpProviderMetadata = { triggerCharacters: ['(', ',', '<'], retriggerCharacters: [')'] }

export function registerSignatureHelp(servers: Servers): Disposable {
  return languages.registerSignatureHelpProvider(
    selector,
    {
      async provideSignatureHelp(document, position, token) {
        const offset = document.offsetAt(position)
        const found = await servers.ask(
          document,
          (server, cell, signal) => server.signatureHelp({ cell, offset }, signal),
          token,
        )
        if (!found) return undefined
        const help = new SignatureHelp()
        help.signatures = found.signatures.map(signatureInformation)
        help.activeSignature = found.activeSignature
        help.activeParameter = found.activeParameter
        return help
      },
    },
    triggers,
  )
}

function signatureInformation({ label, documentation, parameters }: Signature): SignatureInformation {
  const information = new SignatureInformation(label, untrusted(documentation))
  information.parameters = parameters.map(
    ({ range: { start, end }, documentation }) => new ParameterInformation([start, end], untrusted(documentation)),
  )
  return information
}
