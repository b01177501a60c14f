import type { Weights } from '../weights/safetensors.js'
import { type ControlNetConfig, controlNetWeightShapes } from './controlNet.js'
import { originalLayout, renamedWeights } from './originalLayout.js'
import { originalControlNetName, originalUNetName, originalVaeName } from './originalNames.js'
import { type UNetConfig, unetWeightShapes } from './unet.js'
import { type VaeConfig, vaeWeightShapes } from './vae.js'

// The weights of one part, under diffusers' names, of a file that holds it alone, in diffusers' layout or the original one, or of a whole checkpoint.
// Undefined where the file holds none. Each throws as `originalLayout`.

export function vaeWeights(weights: Weights, file: string, config: VaeConfig): Weights | undefined {
  if (has(weights, 'decoder.up_blocks.')) return weights
  if (!has(weights, 'decoder.')) return originalLayout(weights, file).vae(config)
  return renamedWeights(weights, file, '', vaeWeightShapes(config), key => ({ name: originalVaeName(key, config) }))
}

export function unetWeights(weights: Weights, file: string, config: UNetConfig): Weights | undefined {
  if (has(weights, 'down_blocks.')) return weights
  if (!has(weights, 'input_blocks.')) return originalLayout(weights, file).unet(config)
  return renamedWeights(weights, file, '', unetWeightShapes(config), key => ({ name: originalUNetName(key, config) }))
}

export function controlNetWeights(weights: Weights, file: string, config: ControlNetConfig): Weights | undefined {
  if (has(weights, 'down_blocks.')) return weights
  const prefix = has(weights, 'input_blocks.') ? '' : 'control_model.'
  if (!has(weights, `${prefix}input_blocks.`)) return undefined
  const nameOf = (key: string) => ({ name: originalControlNetName(key, config) })
  return renamedWeights(weights, file, prefix, controlNetWeightShapes(config), nameOf)
}

const has = (weights: Weights, start: string) => [...weights.keys()].some(name => name.startsWith(start))
