import { downloadModel, downloadPlan, modelCacheDir } from '../pipeline/index.js'
import type { PullReport } from '../protocol/commandLine.js'
import { sizeText } from '../protocol/sizeText.js'
import { freeSpace } from './diskSpace.js'
import { isExpected } from './expectedError.js'
import { reportLines } from './reportLines.js'
import { stopSignal } from './stopSignal.js'
import { progressView } from './terminal.js'
import { UsageError } from './usageError.js'

export interface PullOptions {
  revision?: string
  variant?: string
  dryRun?: boolean
  json?: boolean
}

/**
 * `sdnb models pull`: downloads what fromPretrained with the same options would read. What a stopped one has brought stays,
 * and the next goes on from there.
 * @returns the exit code: 0 done, 1 it could not be had, 128 + its number for a signal
 * @throws UsageError for what is no model of the hub
 */
export async function pullModel(id: string, { dryRun, json, ...request }: PullOptions): Promise<number> {
  const show = json ? reportLines<PullReport>() : forPeople(dryRun)
  const fail = (message: string) => process.stderr.write(`sdnb: ${message}\n`)
  const stop = stopSignal()
  stop.now.addEventListener('abort', () => process.exit(stop.reason?.exitCode))
  try {
    const options = { ...request, signal: stop.signal }
    const plan = await downloadPlan(id, options)
    const free = await freeSpace(modelCacheDir())
    show({ type: 'plan', id, ...plan, free })
    if (dryRun) return 0
    if (plan.missing > free) {
      fail(
        `${id} needs ${sizeText(plan.missing)}, the disk of ${modelCacheDir()} has ${sizeText(free)} left: ` +
          'make room, or name a folder on another disk in HF_HUB_CACHE',
      )
      return 1
    }
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) =>
      show({ type: 'progress', loaded, total })
    show({ type: 'done', folder: await downloadModel(id, { ...options, onProgress }) })
    return 0
  } catch (error) {
    if (stop.reason) {
      fail(`${stop.reason.text}: the same command goes on from here`)
      return stop.reason.exitCode
    }
    if ((error as { code?: string }).code === 'INVALID_OPTION') throw new UsageError((error as Error).message)
    if (!isExpected(error)) throw error
    fail(error.message)
    return 1
  } finally {
    stop.dispose()
  }
}

function forPeople(dryRun = false): (report: PullReport) => void {
  const progress = progressView(process.stderr)
  return report => {
    if (report.type === 'plan') {
      const { id, bytes, missing, free } = report
      const text =
        missing === 0 ? `is here already (${sizeText(bytes)})` : `${sizeText(missing)} of ${sizeText(bytes)} to come`
      ;(dryRun ? process.stdout : process.stderr).write(`${id}: ${text}; ${sizeText(free)} free on the disk\n`)
    } else if (report.type === 'progress') {
      const { loaded: step, total } = report
      progress.show({ id: 'pull', label: 'Downloading', step, total, unit: 'byte', done: step >= total })
    } else {
      progress.pause()
      process.stdout.write(`${report.folder}\n`)
    }
  }
}
