import { InvalidOptionError } from '../errors.js'
import type { StableDiffusionSafetyChecker } from '../models/stableDiffusionSafetyChecker.js'
import type { Device } from '../runtime/engine.js'
import type { Scheduler } from '../schedulers/index.js'
import { type Quantization, quantizations } from '../weights/quantizedWeights.js'
import { checkedMemory } from './memoryPlan.js'
import { checkNames, checkSignal, oneOf, shown } from './optionChecks.js'

export interface FromPretrainedOptions {
  /** of the noise drawn, and of the arithmetic where the device has it; the CPU computes in float32 (`'float32'`) */
  dtype?: 'float32' | 'float16'
  /**
   * Holds the U-Net's and the text encoder's layers in few bits, as bitsandbytes makes them: `'int8'`, on every device; `'nf4'` or
   * `'fp4'`, linear layers in 4 bits and convolutions in 8, on cpu and cuda. They are made once, in the user's cache (as the files have them)
   */
  quantization?: Quantization
  /**
   * Of private memory of the process that computes, bytes or a text such as `'1GB'`: what keeps a guided call of one picture of the model's own size
   * below it is switched on, offloading and the autoencoder's tiles. On the CPU (no bound)
   */
  maxMemory?: number | string
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
  /** instead of the model's own; `null`: none, pictures are not filtered */
  safetyChecker?: StableDiffusionSafetyChecker | null
  /** `false`: no warning where there is no safety checker (as model_index.json says, `true` where it names one) */
  requiresSafetyChecker?: boolean
  signal?: AbortSignal
  onProgress?: (progress: { file: string; loaded: number; total: number }) => void
}

const names = new Set<string>([
  'dtype',
  'quantization',
  'maxMemory',
  'device',
  'revision',
  'variant',
  'cacheDir',
  'localFilesOnly',
  'token',
  'scheduler',
  'safetyChecker',
  'requiresSafetyChecker',
  'signal',
  'onProgress',
] satisfies (keyof FromPretrainedOptions)[])

/** @throws InvalidOptionError naming the option, what it may be and what came */
export function checkFromPretrained(options: FromPretrainedOptions): void {
  checkNames(options, names)
  const { dtype, quantization, maxMemory, scheduler, safetyChecker, requiresSafetyChecker } = options
  if (dtype !== undefined) oneOf('dtype', dtype, ['float32', 'float16'])
  if (quantization !== undefined) oneOf('quantization', quantization, quantizations)
  if (maxMemory !== undefined) checkedMemory(maxMemory)
  if (scheduler !== undefined && typeof scheduler?.setTimesteps !== 'function')
    throw new InvalidOptionError(
      `scheduler must be one such as DDIMScheduler.fromConfig(pipeline.scheduler.config), got ${shown(scheduler)}`,
    )
  if (safetyChecker !== undefined && safetyChecker !== null && typeof safetyChecker !== 'function')
    throw new InvalidOptionError(
      `safetyChecker must be null or one from StableDiffusionSafetyChecker.fromPretrained, got ${shown(safetyChecker)}`,
    )
  if (requiresSafetyChecker !== undefined && typeof requiresSafetyChecker !== 'boolean')
    throw new InvalidOptionError(`requiresSafetyChecker must be true or false, got ${shown(requiresSafetyChecker)}`)
  checkSignal(options)
}
