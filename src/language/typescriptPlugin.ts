import type ts from 'typescript'
import { formatText } from './formatText.js'

/**
 * A plugin of the TypeScript server that VS Code runs: in cells of `.sdnb` notebooks it keeps that server quiet, as ours answers there;
 * it would say much twice, and takes each cell for a script of its own. It goes on with what needs the text alone: folding,
 * selections, brackets, highlights, and formatting, which heeds `!` lines here. (A second formatter, ours, would have VS Code ask which
 * is to be the default of all TypeScript.)
 */
export default function init({ typescript: compiler }: { typescript: typeof ts }): ts.server.PluginModule {
  return {
    create({ languageService, languageServiceHost }) {
      const textOf = (file: string) => {
        const snapshot = languageServiceHost.getScriptSnapshot(file)
        return snapshot?.getText(0, snapshot.getLength()) ?? ''
      }
      return quietInCells(compiler, languageService, textOf)
    },
  }
}

type Service = ts.LanguageService
/** as each method is called; those here take a file's name first */
type Call = (file: string, ...rest: unknown[]) => unknown

/** As VS Code names a cell's document: `^/vscode-notebook-cell/<authority>/<path>.sdnb#<cell>`. */
export const isCell = (file: string) => /^\^?\/vscode-notebook-cell\/.*\.sdnb#/.test(file)

export function quietInCells(compiler: typeof ts, service: Service, textOf: (file: string) => string): Service {
  const instead = new Map<string, Call>()
  // made anew for each answer: servers add to what they are given
  for (const [name, silent] of Object.entries(silence)) instead.set(name, silent)
  for (const name of formatters)
    instead.set(name, (file, ...rest) =>
      formatText(compiler, textOf(file), (service, cell) =>
        (service[name] as (...of: unknown[]) => ts.TextChange[])(cell, ...rest),
      ).map(({ start, end, newText }) => ({ span: { start, length: end - start }, newText })),
    )
  return new Proxy(service, {
    get(target, name) {
      const method = Reflect.get(target, name)
      const other = typeof name === 'string' ? instead.get(name) : undefined
      if (!other || typeof method !== 'function') return method
      return (first: string | { fileName?: string; targetFile?: string }, ...rest: unknown[]) => {
        const file = typeof first === 'string' ? first : (first?.fileName ?? first?.targetFile ?? '')
        return isCell(file) ? other(file, ...rest) : method.call(target, first, ...rest)
      }
    },
  })
}

const formatters = [
  'getFormattingEditsForRange',
  'getFormattingEditsForDocument',
  'getFormattingEditsAfterKeystroke',
] as const

const none = () => []
const nothing = () => undefined

const silence = {
  getSyntacticDiagnostics: none,
  getSemanticDiagnostics: none,
  getSuggestionDiagnostics: none,
  getRegionSemanticDiagnostics: () => ({ diagnostics: [], spans: [] }),
  getSemanticClassifications: none,
  getEncodedSemanticClassifications: () => ({ spans: [], endOfLineState: 0 }),
  getCompletionsAtPosition: nothing,
  getCompletionEntryDetails: nothing,
  getCompletionEntrySymbol: nothing,
  getQuickInfoAtPosition: nothing,
  getSignatureHelpItems: nothing,
  getRenameInfo: () => ({ canRename: false, localizedErrorMessage: 'You cannot rename this element.' }),
  findRenameLocations: nothing,
  getDefinitionAtPosition: nothing,
  getDefinitionAndBoundSpan: nothing,
  getTypeDefinitionAtPosition: nothing,
  getImplementationAtPosition: nothing,
  getReferencesAtPosition: nothing,
  findReferences: nothing,
  prepareCallHierarchy: nothing,
  provideCallHierarchyIncomingCalls: none,
  provideCallHierarchyOutgoingCalls: none,
  provideInlayHints: none,
  getCodeFixesAtPosition: none,
  getApplicableRefactors: none,
  organizeImports: none,
  preparePasteEditsForFile: () => false,
  getPasteEdits: () => ({ edits: [] }),
} satisfies { [Method in keyof Service | 'getRegionSemanticDiagnostics']?: Call }
