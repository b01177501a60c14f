import { InvalidOptionError } from '../errors.js'
import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import { checkNames, shown } from '../optionChecks.js'
import { checkFromPretrained, type FromPretrainedOptions } from './fromPretrainedOptions.js'

/** What a pipeline's `fromSingleFile` takes. */
export interface FromSingleFileOptions
  extends Omit<FromPretrainedOptions, 'revision' | 'variant' | 'requiresSafetyChecker'> {
  /**
   * a folder in diffusers layout: its configurations, scheduler and tokenizer are taken, and its weights for a part that the file lacks (those of
   * the model that the names in the file tell)
   */
  config?: string
  /** instead of the file's own, such as `await AutoencoderKL.fromSingleFile(path)` */
  vae?: AutoencoderKL | AutoencoderTiny
}

const names = new Set<string>([
  'dtype',
  'cacheDir',
  'localFilesOnly',
  'token',
  'onProgress',
  'quantization',
  'maxMemory',
  'device',
  'scheduler',
  'safetyChecker',
  'signal',
  'config',
  'vae',
] satisfies (keyof FromSingleFileOptions)[])

/** @throws InvalidOptionError naming the option, what it may be and what came */
export function checkFromSingleFile(options: FromSingleFileOptions): void {
  checkNames(options, names)
  const { config, vae, ...common } = options
  checkFromPretrained(common)
  if (vae !== undefined && typeof vae?.decode !== 'function')
    throw new InvalidOptionError(`vae must be one such as await AutoencoderKL.fromSingleFile(path), got ${shown(vae)}`)
}
