import { type CellName, cellNames, type ValueKind } from './cellNames.js'
import type { CellUpdate } from './serverProtocol.js'
import { blankShellLines, type ShellLine, shellLines } from './shellLines.js'

/** A cell as a TypeScript module: a header line that ties it to the cells before it, then the cell's own text. */
export interface VirtualCell {
  id: string
  fileName: string
  /** the cell's own text */
  text: string
  code: string
  /** counts the changes of `code` */
  version: number
  /** where in `code` the cell's own text begins */
  start: number
  names: Map<string, CellName>
  /** all words of the text, its names among them */
  words: Set<string>
  shell: ShellLine[]
  /** names the header brings, with what they stand for where they are declared */
  given: Map<string, CellName>
  links: Link[]
}

/** `declare let name: typeof import("./__cell0").name`: TypeScript sees two names, and they are one. Offsets in `code`. */
export interface Link {
  local: number
  origin: number
}

/** The cells of a session, chained: each sees of every name the last declaration before it. */
export interface VirtualCells {
  /** Takes new texts, and the order of all cells; a cell that is not in it is forgotten. */
  update(update: CellUpdate): void
  /** Gives this cell's header all names before it, not only those that its text mentions. */
  focus(id: string): void
  /** in order, their headers up to date */
  all(): VirtualCell[]
  /** @throws Error when there is no such cell */
  get(id: string): VirtualCell
  byFile(fileName: string): VirtualCell | undefined
  /** changes whenever the code of any cell may have changed */
  readonly version: number
}

/** Where a name's value and type were declared last. */
interface Visible {
  value?: { cell: VirtualCell; kind: ValueKind }
  type?: { cell: VirtualCell }
  name: CellName
}

export function virtualCells(folder: string): VirtualCells {
  const cells = new Map<string, VirtualCell>()
  const files = new Map<string, VirtualCell>()
  let order: VirtualCell[] = []
  let focused: string | undefined
  let created = 0
  let version = 0
  let stale = false

  return {
    update(update) {
      for (const { id, text } of update.changed) {
        const cell = cells.get(id) ?? create(id)
        cell.text = text
        cell.shell = shellLines(text)
        cell.names = cellNames(blankShellLines(text))
        cell.words = new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu))
      }
      order = update.order.map(find)
      const kept = new Set(order)
      for (const cell of cells.values()) if (!kept.has(cell)) forget(cell)
      stale = true
      version++
    },
    focus(id) {
      if (focused === id) return
      focused = id
      stale = true
      version++
    },
    all: upToDate,
    get(id) {
      const cell = find(id)
      upToDate()
      return cell
    },
    byFile(fileName) {
      upToDate()
      return files.get(fileName)
    },
    get version() {
      return version
    },
  }

  function find(id: string): VirtualCell {
    const cell = cells.get(id)
    if (!cell) throw new Error(`No cell '${id}': its text must be sent by an update first`)
    return cell
  }

  function create(id: string): VirtualCell {
    const fileName = `${folder}/${moduleName(created++)}.ts`
    const empty = {
      text: '',
      code: '',
      version: 0,
      start: 0,
      names: new Map(),
      shell: [],
      given: new Map(),
      links: [],
      words: new Set<string>(),
    }
    const cell: VirtualCell = { id, fileName, ...empty }
    cells.set(id, cell)
    files.set(fileName, cell)
    return cell
  }

  function forget(cell: VirtualCell) {
    cells.delete(cell.id)
    files.delete(cell.fileName)
  }

  function upToDate(): VirtualCell[] {
    if (!stale) return order
    stale = false
    const visible = new Map<string, Visible>()
    for (const cell of order) {
      write(cell, cell.id === focused ? visible.keys() : cell.words, visible)
      for (const [name, { value, type }] of cell.names) {
        const before = visible.get(name)
        visible.set(name, {
          value: value ? { cell, kind: value } : before?.value,
          type: type ? { cell } : before?.type,
          name: { value: value ?? before?.name.value, type: type ?? before?.name.type },
        })
      }
    }
    return order
  }
}

/** Writes the cell's code: those of `names` that it does not declare itself, as imports, or as variables it may assign. */
function write(cell: VirtualCell, names: Iterable<string>, visible: ReadonlyMap<string, Visible>) {
  const imports = new Map<VirtualCell, string[]>()
  const variables: string[][] = []
  cell.given = new Map()
  for (const name of names) {
    const seen = visible.get(name)
    if (!seen) continue
    const { value, type, name: meaning } = seen
    const own = cell.names.get(name)
    const needsValue = value && !own?.value
    const needsType = type && !own?.type
    if (needsValue || needsType) cell.given.set(name, meaning)
    const variable =
      needsValue && (own || value.kind === 'let' || value.kind === 'var' || (type && type.cell !== value.cell))
    if (variable) {
      const keyword = value.kind === 'let' || value.kind === 'var' ? 'let' : 'const'
      variables.push([`declare ${keyword} `, `${name}: typeof import("${specifier(value.cell)}").`, `${name};`])
    }
    const from = needsType ? type.cell : needsValue && !variable ? value.cell : undefined
    if (from) imports.set(from, [...(imports.get(from) ?? []), name])
  }

  const exported = [...cell.names].filter(([, { exported }]) => !exported).map(([name]) => name)
  // the exports come first, so that no half-typed text swallows them
  let header = `export { ${exported.join(', ')} };`
  for (const [from, names] of imports) header += `import { ${names.join(', ')} } from "${specifier(from)}";`
  cell.links = []
  for (const [keyword, local, origin] of variables) {
    const start = header.length + keyword.length
    cell.links.push({ local: start, origin: start + local.length })
    header += keyword + local + origin
  }
  cell.start = header.length + 1
  const code = `${header}\n${blankShellLines(cell.text)}`
  if (code !== cell.code) cell.version++
  cell.code = code
}

const moduleName = (number: number) => `__cell${number}`

const specifier = ({ fileName }: VirtualCell) => `./${fileName.slice(fileName.lastIndexOf('/') + 1, -'.ts'.length)}`

/** Whether an import's specifier is of a cell's module. */
export const isCellSpecifier = (specifier: string) => /^\.\/__cell\d+$/.test(specifier)

/** Takes the modules' names out of a type that the compiler prints. */
export const withoutModules = (text: string) => text.replace(/(?:typeof )?import\("[^"]*\/__cell\d+"\)\.?/g, '')

/** Takes out of a signature that the name comes by an import. */
export const withoutAlias = (signature: string) => signature.replace(/^\(alias\) /, '').replace(/\nimport [^\n]*$/, '')
