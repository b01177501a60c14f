import type { SingleBar } from 'cli-progress'
import type { Preview } from './image/preview.js'

/** How far a long call has come. Reports of one call share an `id`; the last has `done`. */
export interface Progress {
  /** of the call */
  id: string
  /** what is being done: `Denoising`, `Downloading unet/config.json` */
  label: string
  /** 0…total, in `unit`s */
  step: number
  total: number
  unit: 'step' | 'byte'
  /** the last report of its call */
  done: boolean
  /** the device that runs, where one does */
  device?: string
  /** ms since the call began; absent from the last */
  elapsed?: number
}

/** Makes small pictures of how far the call's have come: work that is done only where they are shown. */
export type MakePreviews = () => Promise<Preview[]>

/** What hears of each report. */
export type ProgressReporter = (progress: Progress, makePreviews?: MakePreviews) => void

/** A notebook's kernel sets a reporter here, and shows each report in the cell that made the call. */
export const progressSymbol = Symbol.for('sdnb.progress')

/** Whether a kernel shows calls and their pictures. */
export const isShownByKernel = (): boolean => kernelReporter() !== undefined

const kernelReporter = () => (globalThis as { [progressSymbol]?: ProgressReporter })[progressSymbol]

/** Tells the kernel when there is one, else draws a bar on the terminal; silent when stderr is no terminal. */
export async function reportProgress(progress: Progress, makePreviews?: MakePreviews): Promise<void> {
  const reporter = kernelReporter()
  if (reporter) reporter(progress, makePreviews)
  else if (process.stderr.isTTY) await drawBar(progress)
}

let nextId = 0
export const progressId = (): string => `progress-${nextId++}`

const bars = new Map<string, SingleBar>()

async function drawBar({ id, label, step, total, done }: Progress): Promise<void> {
  const { default: cliProgress } = await import('cli-progress')
  let bar = bars.get(id)
  if (!bar) {
    if (done) return
    bar = new cliProgress.SingleBar(
      { format: `${label} {bar} {value}/{total} | {eta_formatted} left`, clearOnComplete: false, hideCursor: false },
      cliProgress.Presets.shades_classic,
    )
    bars.set(id, bar)
    bar.start(total, step)
  }
  bar.update(step)
  if (!done) return
  bar.stop()
  bars.delete(id)
}
