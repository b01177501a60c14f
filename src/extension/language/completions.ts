import {
  CompletionItem,
  CompletionItemKind,
  type CompletionItemProvider,
  CompletionItemTag,
  CompletionList,
  type Disposable,
  languages,
  type Position,
  Range,
  type TextDocument,
  TextEdit,
} from 'vscode'
import type { CellPosition, Completion, CompletionList as Found, SymbolKind } from '../../language/serverProtocol.js'
import { selector } from './cells.js'
import { untrusted } from './markdown.js'
import { rangeIn } from './places.js'
import type { Servers } from './servers.js'

const triggers = ['.', '"', "'", '`', '/', '@']

/** What an item's details are asked by. */
interface Asked {
  document: TextDocument
  at: CellPosition
  completion: Completion
}

export function registerCompletions(servers: Servers): Disposable {
  const asked = new WeakMap<CompletionItem, Asked>()
  const provider = {
    async provideCompletionItems(document, position, token, { triggerCharacter }) {
      const { version } = document
      const offset = document.offsetAt(position)
      const list = await servers.ask(
        document,
        (server, cell, signal) =>
          server.completions({ cell, offset, ...(triggerCharacter && { trigger: triggerCharacter }) }, signal),
        token,
      )
      if (!list || document.version !== version) return undefined
      const at = { cell: document.uri.toString(), offset }
      const items = list.items.map(completion => {
        const item = itemOf(document, position, list, completion)
        asked.set(item, { document, at, completion })
        return item
      })
      return new CompletionList(items, list.incomplete)
    },

    async resolveCompletionItem(item, token) {
      const { document, at, completion } = asked.get(item)!
      const details = await servers.ask(
        document,
        (server, _, signal) => server.completionDetails({ ...at, completion }, signal),
        token,
      )
      if (!details) return item
      item.detail = details.signature
      item.documentation = untrusted(details.documentation)
      item.additionalTextEdits = details.edits.map(edit => new TextEdit(rangeIn(document, edit), edit.newText))
      return item
    },
  } satisfies CompletionItemProvider
  return languages.registerCompletionItemProvider(selector, provider, ...triggers)
}

function itemOf(document: TextDocument, position: Position, list: Found, completion: Completion): CompletionItem {
  const { name, kind, sortText, source, insertText, deprecated } = completion
  const item = new CompletionItem(source ? { label: name, description: source } : name, kinds[kind])
  const text = insertText ?? name
  const { start, end } = completion.range ?? list.range
  const from = document.positionAt(start)
  item.range = {
    inserting: new Range(from, position),
    replacing: new Range(from, document.positionAt(Math.max(end, document.offsetAt(position)))),
  }
  item.sortText = sortText
  item.insertText = text
  // `?.name` in the place of a dot is found by what is typed: the dot, and the name
  const ahead = document.getText().slice(start, Math.max(start, list.range.start))
  item.filterText = ahead + name
  if (deprecated) item.tags = [CompletionItemTag.Deprecated]
  return item
}

const kinds: Record<SymbolKind, CompletionItemKind> = {
  class: CompletionItemKind.Class,
  constant: CompletionItemKind.Constant,
  constructor: CompletionItemKind.Constructor,
  enum: CompletionItemKind.Enum,
  enumMember: CompletionItemKind.EnumMember,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
  function: CompletionItemKind.Function,
  interface: CompletionItemKind.Interface,
  keyword: CompletionItemKind.Keyword,
  method: CompletionItemKind.Method,
  module: CompletionItemKind.Module,
  property: CompletionItemKind.Property,
  string: CompletionItemKind.Text,
  type: CompletionItemKind.Class,
  typeParameter: CompletionItemKind.TypeParameter,
  variable: CompletionItemKind.Variable,
}
