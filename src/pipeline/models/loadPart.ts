import { basename, dirname, join } from 'node:path'
import { type DownloadReports, withDownloadBar } from '../downloadBar.js'
import { InvalidOptionError } from '../errors.js'
import { checkNames, checkSignal, oneOf, shown } from '../optionChecks.js'
import { type Device, resolveDevice } from '../runtime/engine.js'
import { componentWeights, readJson, resolvePart } from '../weights/repository.js'
import type { Weights } from '../weights/safetensors.js'
import { modelName } from './modelName.js'
import type { Placement } from './network.js'

/** What a part that loads alone takes, as a pipeline's `fromPretrained`. */
export interface PartOptions extends DownloadReports {
  /** where a pipeline's folder or repository has the part, such as `'vae'` (`''`: the source is the part's own) */
  subfolder?: string
  /** of the arithmetic where the device has it; the CPU computes in float32 (`'float32'`) */
  dtype?: 'float32' | 'float16'
  /** such as `'cuda:1'`; `'auto'`, the default, takes what SDNB_DEVICE names, else the best that works */
  device?: Device | 'auto'
  /** branch, tag or commit of a hub repository (`'main'`) */
  revision?: string
  /** such as `'fp16'`: weight files with that word in their name */
  variant?: string
  /** the hub's cache (default: as huggingface_hub, HF_HOME and HF_HUB_CACHE) */
  cacheDir?: string
  /** looks in the cache alone */
  localFilesOnly?: boolean
  /** for gated and private repositories (default: HF_TOKEN, or what `hf auth login` stored) */
  token?: string
}

/** What a part is built from. */
export interface PartSource {
  /** config.json */
  config: Record<string, unknown>
  /** its name, for messages */
  where: string
  weights: Weights
  placement: Placement
  /** of both */
  folder: string
  /** as the user named it; of a pipeline's, its name and the subfolder */
  source: string
}

/**
 * One network by itself: a folder or hub repository with config.json and weights, or a pipeline's and the subfolder in it.
 * @param beside names of other files that `build` reads from the folder, where they are there
 * @throws InvalidOptionError before anything is read; ModelNotFoundError, DeviceUnavailableError, what `build` throws; the
 *   signal's reason
 */
export async function loadPart<T>(
  source: string,
  options: PartOptions,
  build: (from: PartSource) => T | Promise<T>,
  beside: readonly string[] = [],
): Promise<T> {
  checkOptions(options)
  const { dtype = 'float32', variant, subfolder } = options
  const device = await resolveDevice(options.device ?? 'auto')
  const folder = await withDownloadBar(options, shown => resolvePart(source, { ...options, ...shown, beside }))
  return build({
    folder,
    source: subfolder ? `${modelName(source)}/${subfolder}` : source,
    config: await readJson(folder, 'config.json'),
    where: join(folder, 'config.json'),
    weights: await componentWeights(dirname(folder), basename(folder), { variant }),
    placement: { device, dtype, attention: { kind: 'fused' } },
  })
}

/** Of a pipeline's options, those that a part takes. */
export function partOptions(options: PartOptions): PartOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.has(name)))
}

const names = new Set<string>([
  'subfolder',
  'dtype',
  'device',
  'revision',
  'variant',
  'cacheDir',
  'localFilesOnly',
  'token',
  'signal',
  'onProgress',
] satisfies (keyof PartOptions)[])

function checkOptions(options: PartOptions): void {
  checkNames(options, names)
  const { subfolder, dtype } = options
  if (subfolder !== undefined && typeof subfolder !== 'string')
    throw new InvalidOptionError(`subfolder must be a folder's name such as 'vae', got ${shown(subfolder)}`)
  if (dtype !== undefined) oneOf('dtype', dtype, ['float32', 'float16'])
  checkSignal(options)
}
