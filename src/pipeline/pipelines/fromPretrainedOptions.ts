import { InvalidOptionError } from '../errors.js'
import type { PartOptions } from '../models/loadPart.js'
import type { StableDiffusionSafetyChecker } from '../models/stableDiffusionSafetyChecker.js'
import { checkNames, checkSignal, oneOf, shown } from '../optionChecks.js'
import type { Scheduler } from '../schedulers/index.js'
import { type Quantization, quantizations } from '../weights/quantizedWeights.js'
import { checkedMemory } from './memoryPlan.js'

/** With what a part takes that loads alone. */
export interface FromPretrainedOptions extends Omit<PartOptions, 'subfolder'> {
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
  /** instead of the model's own */
  scheduler?: Scheduler
  /** instead of the model's own; `null`: none, pictures are not filtered */
  safetyChecker?: StableDiffusionSafetyChecker | null
  /** `false`: no warning where there is no safety checker (as model_index.json says, `true` where it names one) */
  requiresSafetyChecker?: boolean
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
