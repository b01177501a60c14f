import { access, constants, readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import type { Progress } from '../index.js'
import { startKernel } from '../kernel/client.js'
import { injectParameters, parametersSource } from '../notebook/injectParameters.js'
import type { CodeCell, Notebook } from '../notebook/nbformat.js'
import type { OutputMessage } from '../notebook/outputs.js'
import { parseNotebook } from '../notebook/parse.js'
import { serialiseNotebook } from '../notebook/serialise.js'
import { picturesOf } from './pictures.js'
import { type RunEnd, runCells } from './runCells.js'
import { stopSignal } from './stopSignal.js'
import { progressType, terminal } from './terminal.js'
import { UsageError } from './usageError.js'
import { writeFileWhole } from './writeFile.js'

export interface RunOptions {
  /** name and raw text of each `-p` */
  parameter?: [string, string][]
  output?: string
  inplace?: boolean
  html?: string
  /** seconds, for the whole run */
  timeout?: number
  json?: boolean
}

/** What `--json` prints. */
interface Summary {
  file: string
  status: RunEnd['status']
  exitCode: number
  /** of the cell that failed */
  error?: { cell: string; executionCount: number | null; name: string; message: string }
  /** the executed notebook */
  output?: string
  html?: string
  /** written when there is no output */
  pictures?: string[]
  /** that the last pipeline ran on */
  device?: string
  seconds: number
}

/**
 * `sdnb run`: runs a notebook's cells in a kernel of their own and writes what came of them, also when one fails.
 * @returns the exit code: 0 done, 1 a cell failed or time ran out, 128 + its number for a signal
 * @throws UsageError for wrong use and for a file that is no notebook, before anything has run or been written
 */
export async function run(file: string, options: RunOptions): Promise<number> {
  const started = performance.now()
  const output = options.inplace ? file : options.output
  await checkTargets(file, options)
  const notebook = await withParameters(await readNotebook(file), options.parameter ?? [])

  const stop = stopSignal(options.timeout)
  try {
    const show = terminal(options.json ? process.stderr : process.stdout, process.stderr)
    let device: string | undefined
    const onMessage = (_cell: CodeCell, message: OutputMessage) => {
      device = progressOf(message)?.device ?? device
      show.message(message)
    }
    const kernel = await startKernel({ cwd: dirname(resolve(file)) })
    const end = await runCells(notebook, kernel, stop, show.cell, onMessage).finally(() => kernel.shutdown())
    show.end()
    const pictures = await writeResults(notebook, file, output, options.html)

    const exitCode = stop.reason?.exitCode ?? (end.status === 'error' ? 1 : 0)
    const seconds = Math.round((performance.now() - started) / 100) / 10
    if (stop.reason) show.line(`sdnb: ${stop.reason.text}`)
    show.line(`${device ? `Ran on ${device}, ` : ''}${seconds} s`)
    for (const path of [output, options.html, ...pictures]) if (path !== undefined) show.line(shown(path))
    if (options.json) {
      const error = end.status === 'error' ? summarised(end) : undefined
      const summary: Summary = {
        ...{ file, status: end.status, exitCode, error, output, html: options.html },
        ...{ pictures: output === undefined ? pictures : undefined, device, seconds },
      }
      process.stdout.write(`${JSON.stringify(summary)}\n`)
    }
    return exitCode
  } finally {
    stop.dispose()
  }
}

async function checkTargets(file: string, { output, inplace, html }: RunOptions): Promise<void> {
  if (inplace && output !== undefined) throw new UsageError('--output and --inplace exclude each other: give one')
  const page = html !== undefined && resolve(html)
  if (page === resolve(file)) throw new UsageError('--html would replace the notebook: name another file')
  if (page && output !== undefined && page === resolve(output))
    throw new UsageError('--html and --output name the same file: give two names')
  for (const path of [output, html]) {
    if (path === '') throw new UsageError('an empty file name was given')
    if (path !== undefined && !(await isWritable(path)))
      throw new UsageError(`${path}: is no file that could be written`)
  }
}

/** A file, or a place where one can be made, with the folders above it. */
async function isWritable(path: string): Promise<boolean> {
  const stats = await statOf(path)
  if (stats) return stats.isFile() && mayWrite(path)
  let folder = dirname(resolve(path))
  let above = await statOf(folder)
  while (!above) {
    folder = dirname(folder)
    above = await statOf(folder)
  }
  return above.isDirectory() && mayWrite(folder)
}

const statOf = (path: string) => stat(path).catch(() => undefined)
const mayWrite = (path: string) =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  )

/** Other bytes would come back as replacement characters, and be written so. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

async function readNotebook(file: string): Promise<Notebook> {
  try {
    return parseNotebook(utf8.decode(await readFile(file)))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = {
      ENOENT: 'no such file',
      EISDIR: 'is a folder, not a notebook',
      EACCES: 'may not be read',
      ERR_ENCODING_INVALID_ENCODED_DATA: 'is no UTF-8 text',
    }
    throw new UsageError(`${file}: ${reason[code as keyof typeof reason] ?? message}`)
  }
}

async function withParameters(notebook: Notebook, given: [string, string][]): Promise<Notebook> {
  if (!given.length) return notebook
  const { parameterAssignments, ParameterError } = await import('../language/parameters.js')
  try {
    return injectParameters(notebook, parameterAssignments(parametersSource(notebook), given))
  } catch (error) {
    if (error instanceof ParameterError) throw new UsageError(error.message)
    throw error
  }
}

async function writeResults(notebook: Notebook, file: string, output?: string, html?: string): Promise<string[]> {
  if (output !== undefined) await writeFileWhole(output, serialiseNotebook(notebook))
  if (html !== undefined) {
    const { notebookToHtml } = await import('../notebook/html.js')
    await writeFileWhole(html, notebookToHtml(notebook))
  }
  if (output !== undefined) return []
  const pictures = picturesOf(notebook, basename(file, extname(file)))
  for (const { fileName, bytes } of pictures) await writeFileWhole(join('out', fileName), bytes)
  return pictures.map(({ fileName }) => join('out', fileName))
}

function progressOf({ content }: OutputMessage): Progress | undefined {
  return (content as { data?: { [progressType]?: Progress } }).data?.[progressType]
}

function summarised({ cell, error }: Extract<RunEnd, { status: 'error' }>): Summary['error'] {
  return { cell: cell.id, executionCount: cell.execution_count, name: error.ename, message: error.evalue }
}

/** A path as a person here would type it. */
function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') || isAbsolute(near) ? resolve(path) : near
}
