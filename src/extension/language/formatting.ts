import {
  Disposable,
  extensions,
  type FormattingOptions,
  languages,
  type Range,
  type TextDocument,
  TextEdit,
  workspace,
} from 'vscode'
import { selector } from './cells.js'
import { rangeIn } from './places.js'
import type { Servers } from './servers.js'

/**
 * Formats cells where VS Code's own TypeScript does not. With two formatters VS Code would ask the user which is the default, of all
 * TypeScript; so where it has one, the plugin of its server has that format cells as ours does.
 */
export function registerFormatting(servers: Servers): Disposable {
  let registered: Disposable | undefined
  const decide = () => {
    if (hasFormatter()) {
      registered?.dispose()
      registered = undefined
    } else registered ??= registerProvider(servers)
  }
  decide()
  return Disposable.from(
    extensions.onDidChange(decide),
    workspace.onDidChangeConfiguration(decide),
    new Disposable(() => registered?.dispose()),
  )
}

/** Whether VS Code's TypeScript formats cells: its version 7 knows none. */
function hasFormatter(): boolean {
  const settings = workspace.getConfiguration(undefined, { languageId: selector.language })
  const is = (...names: string[]) => names.some(name => settings.get(name, false))
  return (
    extensions.getExtension('vscode.typescript-language-features') !== undefined &&
    !is('js/ts.experimental.useTsgo', 'typescript.experimental.useTsgo') &&
    settings.get('js/ts.format.enabled', true) &&
    settings.get('typescript.format.enable', true)
  )
}

function registerProvider(servers: Servers): Disposable {
  const format = async (document: TextDocument, options: FormattingOptions, range: Range | undefined) => {
    const { tabSize, insertSpaces } = options
    const offsets = range && { start: document.offsetAt(range.start), end: document.offsetAt(range.end) }
    const { version } = document
    const edits = await servers.ask(document, (server, cell, signal) =>
      server.format({ cell, options: { tabSize, insertSpaces }, ...(offsets && { range: offsets }) }, signal),
    )
    if (!edits || document.version !== version) return undefined
    return edits.map(edit => new TextEdit(rangeIn(document, edit), edit.newText))
  }
  return languages.registerDocumentRangeFormattingEditProvider(selector, {
    provideDocumentRangeFormattingEdits: (document, range, options) => format(document, options, range),
  })
}
