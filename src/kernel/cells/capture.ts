import { currentCell, type RunningCell } from './cell.js'

/** `process.exit()` in a cell, with a code that says that something failed. */
export class ProcessExitError extends Error {
  override name = 'ProcessExitError'
}

/**
 * Makes what a process does to itself the business of the cell that does it: what it prints is the cell's output, its exit ends the cell,
 * an error that nobody catches is the cell's error. The kernel lives on.
 */
export function captureProcess(): void {
  captureStream('stdout')
  captureStream('stderr')
  process.exit = (code?: number | string | null) => {
    const cell = currentCell()
    const error = new ProcessExitError(`process.exit(${code ?? ''}) was called; the cell ended, the kernel goes on`)
    if (cell) endCell(cell, Number(code ?? process.exitCode ?? 0), error)
    throw error
  }
  process.on('unhandledRejection', uncaught)
  process.on('uncaughtException', uncaught)
  // Ctrl-C on a terminal reaches this process too; stopping a cell is the client's to ask
  process.on('SIGINT', () => {})
}

function endCell(cell: RunningCell, code: number, error: ProcessExitError) {
  process.exitCode = undefined
  if (code) return cell.end(error)
  cell.outlet.print('stderr', `${error.message}\n`)
  cell.end()
}

function uncaught(error: unknown) {
  if (error instanceof ProcessExitError) return
  const cell = currentCell()
  // what a stopped cell's code runs into on its way out is no news
  if (!cell?.signal.aborted) cell?.report(error)
}

function captureStream(name: 'stdout' | 'stderr') {
  const stream = process[name]
  const write = stream.write.bind(stream)
  stream.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ) => {
    const cell = currentCell()
    const callback = typeof encoding === 'function' ? encoding : done
    if (!cell) return write(chunk, callback)
    const bytes = typeof chunk === 'string' && typeof encoding === 'string' ? Buffer.from(chunk, encoding) : chunk
    cell.outlet.print(name, bytes)
    if (callback) process.nextTick(callback)
    return true
  }
}
