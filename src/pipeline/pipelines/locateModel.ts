import { progressId, reportProgress } from '../progress.js'
import { type Device, resolveDevice } from '../runtime/engine.js'
import { type ModelIndex, resolveModel } from '../weights/repository.js'
import { checkFromPretrained, type FromPretrainedOptions } from './fromPretrainedOptions.js'

/**
 * Where a model lies, downloaded if need be, and the device that will run it; options are checked before any of it.
 * @param accept throws for a model that the caller does not run
 */
export async function locateModel(
  source: string,
  options: FromPretrainedOptions,
  accept: (index: ModelIndex, folder: string) => void,
): Promise<{ folder: string; device: Device }> {
  checkFromPretrained(options)
  const device = await resolveDevice(options.device ?? 'auto')
  const folder = await withDownloadBar(options, shown => resolveModel(source, { ...options, ...shown, accept }))
  return { folder, device }
}

/**
 * A download is a long call: shown as one bar, beside what the caller asked to hear. Where its reports are refused, as in a
 * cell that was stopped, it ends.
 */
async function withDownloadBar<T>(
  { onProgress, signal }: FromPretrainedOptions,
  download: (options: Required<Pick<FromPretrainedOptions, 'onProgress' | 'signal'>>) => Promise<T>,
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
