import { createRequire } from 'node:module'
import type { GenericFormatter, MultiBar, SingleBar } from 'cli-progress'
import type { Progress } from '../index.js'
import { type CodeCell, joined, type MultilineText } from '../notebook/nbformat.js'
import type { OutputMessage } from '../notebook/outputs.js'
import { progressType } from '../protocol/progress.js'

/** Shows a run as it goes: what cells print on `out`, where the run is on `status`. */
export interface Terminal {
  cell(cell: CodeCell, place: { number: number; count: number }): void
  message(message: OutputMessage): void
  /** A line about the run itself. */
  line(text: string): void
  end(): void
}

type Stream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

export function terminal(out: Stream, status: Stream): Terminal {
  const progress = progressView(status)
  // On one screen a line of status must not be glued to unfinished text.
  let unfinished = false
  const print = (stream: Stream, text: string) => {
    if (!text) return
    progress.pause()
    stream.write(text)
    unfinished = !text.endsWith('\n')
  }
  const endLine = () => {
    if (unfinished) out.write('\n')
    unfinished = false
  }
  const line = (text: string) => {
    progress.pause()
    endLine()
    status.write(`${text}\n`)
  }

  return {
    line,
    end: () => {
      progress.pause()
      endLine()
    },
    cell: (cell, { number, count }) => {
      const first = joined(cell.source).trim().split('\n', 1)[0]
      const text = `[${number}/${count}] ${first}`
      line(status.isTTY ? `\u001b[2m${text.slice(0, (status.columns || 80) - 1)}\u001b[0m` : text)
    },
    message: ({ header, content }) => {
      const { name, text, data, traceback } = content as {
        name?: string
        text?: string
        data?: Record<string, unknown>
        traceback?: string[]
      }
      if (header.msg_type === 'stream' && text) print(name === 'stderr' ? status : out, text)
      else if (header.msg_type === 'error' && traceback) line(traceback.join('\n'))
      else if (data?.[progressType]) {
        endLine()
        progress.show(data[progressType] as Progress)
      } else if (data && header.msg_type !== 'update_display_data') {
        const plain = data['text/markdown'] ?? data['text/plain']
        if (plain !== undefined) print(out, `${joined(plain as MultilineText)}\n`)
      }
    },
  }
}

export interface ProgressView {
  show(report: Progress): void
  /** Leaves the screen to other text; the next report starts below it. */
  pause(): void
}

/** Bars where a person looks on, otherwise a line each tenth of the way. */
export function progressView(status: Stream): ProgressView {
  return status.isTTY ? progressBars(status) : progressLines(status)
}

function progressBars(status: Stream): ProgressView {
  let multiBar: MultiBar | undefined
  const bars = new Map<string, SingleBar>()
  const pause = () => {
    multiBar?.stop()
    multiBar = undefined
    bars.clear()
  }
  return {
    pause,
    show: report => {
      multiBar ??= newMultiBar(status)
      const bar = bars.get(report.id) ?? multiBar.create(report.total, report.step, { report })
      bars.set(report.id, bar)
      bar.setTotal(report.total)
      bar.update(report.step, { report })
      if (report.done) bar.stop()
      if ([...bars.values()].every(bar => !bar.isActive)) pause()
    },
  }
}

function newMultiBar(stream: Stream): MultiBar {
  // loaded when the first bar is drawn: a run would start later
  const { Format, MultiBar, Presets }: typeof import('cli-progress') = createRequire(import.meta.url)('cli-progress')
  const format: GenericFormatter = (options, params, { report }: { report: Progress }) => {
    const bar = Format.BarFormat(params.progress, { ...options, barsize: 30 })
    const left = report.done || !Number.isFinite(Number(params.eta)) ? '' : `  ${params.eta} s left`
    return `${report.label} ${bar} ${amount(report)}${report.device ? `  ${report.device}` : ''}${left}`
  }
  return new MultiBar(
    { stream, format, clearOnComplete: false, hideCursor: true, fps: 10, gracefulExit: false },
    Presets.shades_classic,
  )
}

/** A line each tenth of the way. */
function progressLines(status: Stream): ProgressView {
  const tenths = new Map<string, number>()
  return {
    pause: () => {},
    show: report => {
      const tenth = report.total > 0 ? Math.floor((10 * report.step) / report.total) : 0
      if (tenth <= (tenths.get(report.id) ?? 0)) return
      tenths.set(report.id, tenth)
      status.write(`${report.label}: ${tenth * 10} % (${amount(report)})\n`)
    },
  }
}

function amount({ step, total, unit }: Progress): string {
  return unit === 'byte' ? `${megabytes(step)} of ${megabytes(total)} MB` : `${step} of ${total}`
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
