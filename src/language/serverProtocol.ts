/**
 * What the language server and its client say to each other, over the IPC channel of the server's process. A request has an id, and
 * gets one reply with it, unless it was cancelled; notifications get none. All are dealt with in the order sent.
 * Offsets are UTF-16 code units in the cell's own text.
 */

/** Requests: name → what is asked, and the answer. */
export interface Methods {
  /** `trigger`: the character that was typed last, where that is why completions are asked for */
  completions: { params: CellPosition & { trigger?: string }; result: CompletionList }
  completionDetails: { params: CellPosition & { completion: CompletionId }; result: CompletionDetails | null }
  hover: { params: CellPosition; result: Hover | null }
  signatureHelp: { params: CellPosition; result: SignatureHelp | null }
  diagnostics: { params: { cell: string }; result: Diagnostic[] }
  definition: { params: CellPosition; result: Location[] }
  prepareRename: { params: CellPosition; result: RenameTarget }
  rename: { params: CellPosition & { newName: string }; result: Rename }
  semanticTokens: { params: { cell: string }; result: SemanticToken[] }
  format: { params: { cell: string; range?: Range; options: FormatOptions }; result: TextEdit[] }
  isComplete: { params: { text: string }; result: Completeness }
}

export type Method = keyof Methods

export interface Notifications {
  update: CellUpdate
  /** Files beside the notebook may have changed: a package was installed, a module written. Without it, it is seen a second later. */
  refresh: Record<string, never>
  /** The request of this id is no longer wanted. */
  cancel: { id: number }
}

export type ToServer =
  | { [M in Method]: { id: number; method: M; params: Methods[M]['params'] } }[Method]
  | { [N in keyof Notifications]: { method: N; params: Notifications[N] } }[keyof Notifications]

export type FromServer = { id: number; result: Methods[Method]['result'] } | { id: number; error: { message: string } }

/** Which cells there are, in order, and the text of those that are new or have changed. */
export interface CellUpdate {
  order: string[]
  changed: { id: string; text: string }[]
}

export interface CellPosition {
  cell: string
  offset: number
}

/** From `start` to before `end`. */
export interface Range {
  start: number
  end: number
}

export interface TextEdit extends Range {
  newText: string
}

export interface CompletionList {
  /** what a completion replaces, where it does not say otherwise */
  range: Range
  /** more would come with more typed */
  incomplete: boolean
  items: Completion[]
}

/** Names a completion of a list: what its details are asked by. */
export interface CompletionId {
  name: string
  /** where an auto-import takes it from */
  source?: string
  /** the compiler's own */
  data?: unknown
}

export interface Completion extends CompletionId {
  kind: SymbolKind
  sortText: string
  /** where it is not the name */
  insertText?: string
  range?: Range
  deprecated?: boolean
}

export type SymbolKind =
  | 'class'
  | 'constant'
  | 'constructor'
  | 'enum'
  | 'enumMember'
  | 'file'
  | 'folder'
  | 'function'
  | 'interface'
  | 'keyword'
  | 'method'
  | 'module'
  | 'property'
  | 'string'
  | 'type'
  | 'typeParameter'
  | 'variable'

export interface CompletionDetails {
  /** its signature or type, as TypeScript */
  signature: string
  /** Markdown */
  documentation: string
  /** what else accepting it changes in the same cell: the import */
  edits: TextEdit[]
}

export interface Hover {
  /** Markdown */
  contents: string
  range: Range
}

export interface SignatureHelp {
  signatures: Signature[]
  activeSignature: number
  activeParameter: number
}

export interface Signature {
  label: string
  /** Markdown */
  documentation: string
  /** each one's range within the label */
  parameters: { range: Range; documentation: string }[]
}

export interface Diagnostic extends Range {
  severity: 'error' | 'warning'
  /** TypeScript's: 2304 is TS2304 */
  code: number
  message: string
}

/** A range of a cell, or of a file of that absolute path. */
export type Location = ({ cell: string } | { file: string }) & Range

/** What a rename would change, or why it cannot. */
export type RenameTarget = { name: string; range: Range } | { refused: string }

export type Rename = { edits: Edits[] } | { refused: string }

export type Edits = ({ cell: string } | { file: string }) & { edits: TextEdit[] }

/** A name, and what it stands for; in the order of the text. */
export interface SemanticToken extends Range {
  type: SemanticTokenType
  modifiers: SemanticTokenModifier[]
}

export type SemanticTokenType =
  | 'class'
  | 'enum'
  | 'interface'
  | 'namespace'
  | 'typeParameter'
  | 'type'
  | 'parameter'
  | 'variable'
  | 'enumMember'
  | 'property'
  | 'function'
  | 'method'

export type SemanticTokenModifier = 'declaration' | 'static' | 'async' | 'readonly' | 'defaultLibrary'

export interface FormatOptions {
  /** columns of an indent */
  tabSize: number
  insertSpaces: boolean
}

/** Whether text can run: `invalid` has an error that no further line mends. `indent`: of the next line. */
export type Completeness = { status: 'complete' | 'invalid' } | { status: 'incomplete'; indent: string }
