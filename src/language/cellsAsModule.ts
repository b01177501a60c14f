import compiler from './compiler.js'
import { type CellEdits, editedCell } from './editedCell.js'
import { type CellNames, cellNames, hasModifier } from './moduleNames.js'
import { replaceEachShellLine } from './shellLines.js'
import { CellSyntaxError, transform } from './transform.js'

/** Cells' texts for one TypeScript module, and what could not be made right. Cells are told by index. */
export interface ModuleCells {
  cells: string[]
  /** names declared by several cells in a way that one module cannot have */
  clashes: { name: string; cells: number[] }[]
  /** cells that do not parse; they stand as comments */
  unparsed: { cell: number; error: CellSyntaxError }[]
}

/**
 * Cells' texts changed as little as one module of them all needs; it then means what the cells mean, run in order.
 * Lines that begin with `!` become comments. An import made before is left out. A cell that declares names again goes into a
 * block, when no other cell uses what it declares; else the first declaration becomes a `let`, and later ones assign.
 */
export function cellsAsModule(sources: string[]): ModuleCells {
  const unparsed: ModuleCells['unparsed'] = []
  const texts = sources.map((source, cell) => {
    const error = syntaxError(source)
    if (error) unparsed.push({ cell, error })
    return error ? comment(source) : replaceEachShellLine(source, ({ start, end }) => comment(source.slice(start, end)))
  })
  const cells = texts.map(cellNames)
  const edits: CellEdits[] = texts.map(() => ({ block: false, drop: new Set(), open: new Set(), assign: new Set() }))

  dropRepeatedImports(cells, edits)
  const repeated = [...new Set(cells.flatMap(({ declared }) => [...declared.keys()]))]
    .map(name => ({ name, declaring: declaringCells(cells, name) }))
    .filter(({ declaring }) => declaring.length > 1)
  for (const { name, declaring } of repeated) {
    const needed = declaring.filter(cell => isNeeded(cells, cell, name))
    const kept = needed.length ? needed : [declaring.find(cell => !mayBeBlock(cells, cell)) ?? declaring[0]]
    for (const cell of declaring) if (!kept.includes(cell) && mayBeBlock(cells, cell)) edits[cell].block = true
  }
  const clashes: ModuleCells['clashes'] = []
  for (const { name, declaring } of repeated) {
    const kindOf = (cell: number) => cells[cell].declared.get(name)
    // a block's imports stand before it
    const rest = declaring.filter(cell => !edits[cell].block || kindOf(cell) === 'import')
    if (rest.length < 2 || rest.every(cell => kindOf(cell) === 'var')) continue
    if (rest.every(cell => kindOf(cell) === 'variable')) {
      edits[rest[0]].open.add(name)
      for (const cell of rest.slice(1)) edits[cell].assign.add(name)
    } else clashes.push({ name, cells: rest })
  }
  return {
    cells: asModule(texts.map((text, cell) => editedCell(text, cells[cell].file, edits[cell]))),
    clashes,
    unparsed,
  }
}

const comment = (text: string) => text.replace(/^.*$/gm, line => `// ${line}`.trimEnd())

function syntaxError(source: string): CellSyntaxError | undefined {
  try {
    transform(source)
  } catch (error) {
    if (error instanceof CellSyntaxError) return error
    throw error
  }
}

/** Of two imports of one thing the first stays, but a type's makes way for a value's. */
function dropRepeatedImports(cells: CellNames[], edits: CellEdits[]): void {
  const latest = new Map<string, { cell: number; imported?: CellNames['imports'][number] }>()
  for (const [cell, { declared, imports }] of cells.entries()) {
    for (const name of [...declared.keys()]) {
      const imported = imports.find(({ local }) => local === name)
      const before = latest.get(name)
      if (!imported || before?.imported?.imported !== imported.imported) latest.set(name, { cell, imported })
      else if (before.imported.typeOnly && !imported.typeOnly) {
        drop(before.cell, before.imported)
        latest.set(name, { cell, imported })
      } else drop(cell, imported)
    }
  }

  function drop(cell: number, { local, node }: CellNames['imports'][number]) {
    edits[cell].drop.add(node)
    cells[cell].declared.delete(local)
    cells[cell].free.add(local)
  }
}

function declaringCells(cells: CellNames[], name: string): number[] {
  return [...cells.keys()].filter(cell => cells[cell].declared.has(name))
}

/** Whether another cell uses what `cell` declares as `name`; a function of an earlier cell uses what the name is by then. */
function isNeeded(cells: CellNames[], cell: number, name: string): boolean {
  const declaring = declaringCells(cells, name)
  return cells.some(({ free, late }, user) => {
    if (user === cell) return false
    if (user < cell && late.has(name)) return true
    if (!free.has(name)) return false
    return (declaring.findLast(other => other < user) ?? declaring[0]) === cell
  })
}

/** Whether a block around the cell hides nothing that others need, and may hold what the cell has. */
function mayBeBlock(cells: CellNames[], cell: number): boolean {
  const { declared, file } = cells[cell]
  const fits = file.statements
    .slice(0, -1) // the end that cellNames adds
    .every(
      statement =>
        !compiler.isExportDeclaration(statement) &&
        !compiler.isExportAssignment(statement) &&
        !hasModifier(statement, compiler.SyntaxKind.DefaultKeyword) &&
        !compiler.isModuleDeclaration(statement) &&
        !compiler.isImportEqualsDeclaration(statement),
    )
  const own = [...declared].filter(([, kind]) => kind !== 'import')
  return fits && own.every(([name, kind]) => kind !== 'var' && !isNeeded(cells, cell, name))
}

/** Cells end where a module's lines might go on, and one module must be known as such for its `await`. */
function asModule(texts: string[]): string[] {
  const files = texts.map(text =>
    compiler.createSourceFile('cell.ts', text, compiler.ScriptTarget.ESNext, true, compiler.ScriptKind.TS),
  )
  const cells = texts.map((text, cell) => {
    const start = files[cell].statements[0]?.getStart() ?? 0
    const goesOn = /^(?:[([`/<]|\+(?!\+)|-(?!-))/.test(text.slice(start)) && files[cell].statements.length > 0
    const before = files.slice(0, cell).findLast(({ statements }) => statements.length)
    const isOpen = before && !before.statements.at(-1)!.getText().endsWith(';')
    return goesOn && isOpen ? `${text.slice(0, start)};${text.slice(start)}` : text
  })
  if (cells.length && !files.some(compiler.isExternalModule)) cells.push(`${cells.pop()}\nexport {}`.trimStart())
  return cells
}
