import { stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { joined, type Notebook } from '../notebook/nbformat.js'
import { isWritable } from './isWritable.js'
import { isEsModule } from './moduleKind.js'
import { readNotebook } from './readNotebook.js'
import { shownPath } from './shownPath.js'
import { UsageError } from './usageError.js'
import { writeFileWhole } from './writeFile.js'

export interface ExportOptions {
  to: 'html' | 'md' | 'ipynb' | 'ts'
  output?: string
  json?: boolean
}

/** What `--json` prints. */
interface Summary {
  file: string
  to: ExportOptions['to']
  output: string
  /** beside the output; only where the format keeps pictures in files */
  pictures?: string[]
  /** why the output is not all that it could be */
  warnings?: string[]
}

/**
 * `sdnb export`: writes a notebook, with the outputs that it has, in another format.
 * @throws UsageError for wrong use and for a file that is no notebook, before anything has been written
 */
export async function exportNotebook(
  file: string,
  { to, output = besides(file, to), json }: ExportOptions,
): Promise<void> {
  if (output === '') throw new UsageError('an empty file name was given')
  const { text, pictures, warnings } = await exported[to](await readNotebook(file), output)
  const pictureFiles = pictures?.map(({ path, bytes }) => ({ path: join(dirname(output), path), bytes }))
  const files = [...(pictureFiles ?? []), { path: output, bytes: text }]
  for (const { path } of files) {
    if (await isSameFile(path, file))
      throw new UsageError(`${path}: would replace the notebook: name another file with --output`)
    if (!(await isWritable(path))) throw new UsageError(`${path}: is no file that could be written`)
  }
  for (const { path, bytes } of files) await writeFileWhole(path, bytes)

  for (const warning of warnings ?? []) process.stderr.write(`sdnb: ${warning}\n`)
  for (const { path } of files) process.stderr.write(`${shownPath(path)}\n`)
  if (!json) return
  const summary: Summary = { file, to, output, pictures: pictureFiles?.map(({ path }) => path), warnings }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
}

interface Exported {
  text: string
  pictures?: { path: string; bytes: Uint8Array }[]
  warnings?: string[]
}

const exported: Record<ExportOptions['to'], (notebook: Notebook, output: string) => Promise<Exported>> = {
  async html(notebook) {
    const { notebookToHtml } = await import('../notebook/html.js')
    return { text: notebookToHtml(notebook) }
  },
  async md(notebook, output) {
    const { notebookToMarkdown } = await import('../notebook/markdown.js')
    return notebookToMarkdown(notebook, withoutEnding(output))
  },
  async ipynb(notebook) {
    const { notebookToIpynb } = await import('../notebook/ipynb.js')
    return { text: notebookToIpynb(notebook) }
  },
  async ts(notebook, output) {
    const { cellsAsModule } = await import('../language/cellsAsModule.js')
    const { notebookToPercent } = await import('../notebook/percent.js')
    const codeCells = notebook.cells.filter(({ cell_type }) => cell_type === 'code')
    const { cells, clashes, unparsed } = cellsAsModule(codeCells.map(({ source }) => joined(source)))
    /** as a person counts the notebook's cells */
    const place = (code: number) => notebook.cells.indexOf(codeCells[code]) + 1
    const warnings = [
      ...unparsed.map(
        ({ cell, error }) =>
          `cell ${place(cell)} does not parse and stands as a comment: ${error.message} (line ${error.line})`,
      ),
      ...clashes.map(
        ({ name, cells }) =>
          `${name} is declared in cells ${inWords(cells.map(place))}, which one module cannot hold: give it another name in all but one`,
      ),
    ]
    if (!(await isEsModule(output)))
      warnings.push(
        `${output}: tools take it for CommonJS, which has no await between functions: name it .mts with --output, or have "type": "module" in package.json`,
      )
    return { text: notebookToPercent(notebook, cells), warnings }
  },
}

/** 2, 3 and 5 */
const inWords = (numbers: number[]) => `${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`

const withoutEnding = (path: string) => basename(path, extname(path))

const besides = (file: string, ending: string) => join(dirname(file), `${withoutEnding(file)}.${ending}`)

/** Also by another name of it: a link, or other letters on a disk that does not tell a from A. */
async function isSameFile(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([path, other].map(path => stat(path, { bigint: true }).catch(() => undefined)))
  return !!a && !!b && a.ino === b.ino && a.dev === b.dev
}
