import { progressId, reportProgress } from './progress.js'

export interface DownloadReports {
  /** ends a download, which a later one goes on with */
  signal?: AbortSignal
  /** `loaded` of `total` bytes of all files; `file` is the one that came on */
  onProgress?: (progress: { file: string; loaded: number; total: number }) => void
}

/**
 * A download is a long call: shown as one bar, beside what the caller asked to hear. Where its reports are refused, as in a
 * cell that was stopped, it ends.
 */
export async function withDownloadBar<T>(
  { onProgress, signal }: DownloadReports,
  download: (options: Required<DownloadReports>) => Promise<T>,
): Promise<T> {
  const id = progressId()
  const refused = new AbortController()
  const began = performance.now()
  let last = { step: 0, total: 0 }
  const report = (done: boolean) => {
    const elapsed = done ? {} : { elapsed: Math.round(performance.now() - began) }
    return reportProgress({ id, label: 'Downloading', unit: 'byte', ...last, done, ...elapsed })
  }
  try {
    return await download({
      signal: signal ? AbortSignal.any([signal, refused.signal]) : refused.signal,
      onProgress(progress) {
        onProgress?.(progress)
        last = { step: progress.loaded, total: progress.total }
        report(false).catch(reason => refused.abort(reason))
      },
    })
  } finally {
    if (last.total) await report(true)
  }
}
