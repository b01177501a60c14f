import { InvalidOptionError } from '../errors.js'
import type { Device } from '../runtime/engine.js'
import type { Scheduler } from '../schedulers/index.js'
import { checkNames, checkSignal, oneOf, shown } from './optionChecks.js'

export interface FromPretrainedOptions {
  /** of the noise drawn, and of the arithmetic where the device has it; the CPU computes in float32 (`'float32'`) */
  dtype?: 'float32' | 'float16'
  /** such as `'cuda:1'`, the second card; `'auto'`, the default, takes what SDNB_DEVICE names, else the best that works */
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
  /** instead of the model's own */
  scheduler?: Scheduler
  /** none is built here: `null` says that you know */
  safetyChecker?: null
  signal?: AbortSignal
  onProgress?: (progress: { file: string; loaded: number; total: number }) => void
}

const names = new Set<string>([
  'dtype',
  'device',
  'revision',
  'variant',
  'cacheDir',
  'localFilesOnly',
  'token',
  'scheduler',
  'safetyChecker',
  'signal',
  'onProgress',
] satisfies (keyof FromPretrainedOptions)[])

/** @throws InvalidOptionError naming the option, what it may be and what came */
export function checkFromPretrained(options: FromPretrainedOptions): void {
  checkNames(options, names)
  const { dtype, scheduler, safetyChecker } = options
  if (dtype !== undefined) oneOf('dtype', dtype, ['float32', 'float16'])
  if (scheduler !== undefined && typeof scheduler?.setTimesteps !== 'function')
    throw new InvalidOptionError(
      `scheduler must be one such as DDIMScheduler.fromConfig(pipeline.scheduler.config), got ${shown(scheduler)}`,
    )
  if (safetyChecker !== undefined && safetyChecker !== null)
    throw new InvalidOptionError(`safetyChecker must be null, since none is run here yet, got ${shown(safetyChecker)}`)
  checkSignal(options)
}
