import type { Activation } from '../onnx/layers.js'
import type { ConfigReader } from './config.js'

/** diffusers `get_activation`; it ignores case. */
const ACTIVATIONS: readonly Activation[] = ['silu', 'swish', 'mish', 'gelu', 'relu']

/** @param fallback null where the key may be null, for no activation */
export function readActivation(read: ConfigReader, key: string, fallback: Activation | null): Activation | null {
  const value = read.get(key, fallback)
  const name = typeof value === 'string' ? value.toLowerCase() : value
  if (name === null && fallback === null) return null
  const known = ACTIVATIONS.find(activation => activation === name)
  return known ?? read.refuse(key, `known here: ${ACTIVATIONS.join(', ')}`)
}

/** The number of groups of every GroupNorm; torch wants it to divide the channels. */
export function readGroups(read: ConfigReader, channels: readonly number[]): number {
  const groups = read.integer('norm_num_groups', 32)
  for (const count of channels) {
    if (count % groups !== 0)
      read.refuse('norm_num_groups', `it does not divide ${count} of "block_out_channels"`, groups)
  }
  return groups
}

export function readSampleSize(read: ConfigReader, fallback: number | null): number | number[] | null {
  const value = read.get('sample_size', fallback)
  const isSize = (item: unknown): item is number => Number.isInteger(item) && (item as number) > 0
  if (value === null || isSize(value)) return value
  if (Array.isArray(value) && value.length === 2 && value.every(isSize)) return value
  return read.refuse('sample_size', 'expected a whole number, [height, width] or null')
}
