import { InvalidOptionError } from '../errors.js'
import { checkNames, checkSignal, oneOf, shown } from '../optionChecks.js'
import { resolveDevice } from '../runtime/engine.js'
import { readJson } from '../weights/repository.js'
import { readSafetensors, type Weights } from '../weights/safetensors.js'
import { singleFilePath } from '../weights/singleFilePath.js'
import { userPath } from '../weights/userPath.js'
import type { PartOptions, PartSource } from './loadPart.js'

/** What a part takes that loads alone from one file. */
export interface PartFileOptions extends Omit<PartOptions, 'subfolder' | 'revision' | 'variant'> {
  /** the folder of its config.json (that of the Stable Diffusion 1.x or 2.x which the file's names and shapes tell) */
  config?: string
}

/**
 * One network of a `.safetensors` that holds it alone, in diffusers' layout or the original one, or of a whole checkpoint.
 * @param standard its config.json where none is given
 * @param source.weights all of the file, under its own names
 * @throws InvalidOptionError before anything is read; ModelNotFoundError, UnsupportedModelError, DeviceUnavailableError, what `standard` and `build`
 *   throw
 */
export async function loadPartFile<T>(
  path: string,
  options: PartFileOptions,
  standard: (weights: Weights, file: string) => Promise<Record<string, unknown>>,
  build: (source: Omit<PartSource, 'folder'> & { file: string }) => T,
): Promise<T> {
  const { dtype = 'float32', device = 'auto', config: folder, ...hub } = checked(options)
  const placement = { device: await resolveDevice(device), dtype, attention: { kind: 'fused' } } as const
  const file = await singleFilePath(path, hub)
  const weights = await readSafetensors(file)
  const found = { file, weights, placement, source: path }
  return folder === undefined
    ? build({ ...found, config: await standard(weights, file), where: file })
    : build({ ...found, config: await readJson(folder, 'config.json'), where: `${folder}/config.json` })
}

const names = new Set<string>([
  'config',
  'dtype',
  'device',
  'cacheDir',
  'localFilesOnly',
  'token',
  'signal',
  'onProgress',
] satisfies (keyof PartFileOptions)[])

function checked(options: PartFileOptions): PartFileOptions {
  checkNames(options, names)
  const { dtype, config } = options
  if (dtype !== undefined) oneOf('dtype', dtype, ['float32', 'float16'])
  if (config !== undefined && typeof config !== 'string')
    throw new InvalidOptionError(`config must be the folder of a config.json, got ${shown(config)}`)
  checkSignal(options)
  return { ...options, ...(config !== undefined && { config: userPath(config) }) }
}
