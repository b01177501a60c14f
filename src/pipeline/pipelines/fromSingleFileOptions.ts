import { checkFromPretrained, type FromPretrainedOptions } from './fromPretrainedOptions.js'
import { checkNames } from './optionChecks.js'

export interface FromSingleFileOptions
  extends Pick<FromPretrainedOptions, 'dtype' | 'device' | 'scheduler' | 'safetyChecker' | 'signal'> {
  /**
   * a folder in diffusers layout: its configurations, scheduler and tokenizer are taken, and its weights for a part that the file lacks (those of
   * the model that the names in the file tell)
   */
  config?: string
}

const names = new Set<string>([
  'dtype',
  'device',
  'scheduler',
  'safetyChecker',
  'signal',
  'config',
] satisfies (keyof FromSingleFileOptions)[])

/** @throws InvalidOptionError naming the option, what it may be and what came */
export function checkFromSingleFile({ config, ...common }: FromSingleFileOptions): void {
  checkNames({ config, ...common }, names)
  checkFromPretrained(common)
}
