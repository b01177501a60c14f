import { withDownloadBar } from '../downloadBar.js'
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
  const without = options.safetyChecker === undefined ? [] : ['safety_checker', 'feature_extractor']
  const folder = await withDownloadBar(options, shown =>
    resolveModel(source, { ...options, ...shown, accept, without }),
  )
  return { folder, device }
}
