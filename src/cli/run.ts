import { basename, dirname, extname, join, resolve } from 'node:path'
import type { Progress } from '../index.js'
import { startKernel } from '../kernel/client.js'
import { injectParameters, parametersSource } from '../notebook/injectParameters.js'
import type { CodeCell, Notebook } from '../notebook/nbformat.js'
import type { OutputMessage } from '../notebook/outputs.js'
import { serialiseNotebook } from '../notebook/serialise.js'
import { progressType } from '../protocol/progress.js'
import { isWritable } from './isWritable.js'
import { picturesOf } from './pictures.js'
import { readNotebook } from './readNotebook.js'
import { type RunEnd, runCells } from './runCells.js'
import { shownPath } from './shownPath.js'
import { stopSignal } from './stopSignal.js'
import { terminal } from './terminal.js'
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
    const kernel = await startKernel({ cwd: dirname(resolve(file)), showsPreviews: false })
    const end = await runCells(notebook, kernel, stop, show.cell, onMessage).finally(() => kernel.shutdown())
    show.end()
    const pictures = await writeResults(notebook, file, output, options.html)

    const exitCode = stop.reason?.exitCode ?? (end.status === 'error' ? 1 : 0)
    const seconds = Math.round((performance.now() - started) / 100) / 10
    if (stop.reason) show.line(`sdnb: ${stop.reason.text}`)
    show.line(`${device ? `Ran on ${device}, ` : ''}${seconds} s`)
    for (const path of [output, options.html, ...pictures]) if (path !== undefined) show.line(shownPath(path))
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
