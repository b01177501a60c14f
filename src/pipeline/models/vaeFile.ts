import { ModelNotFoundError } from '../errors.js'
import { checkNames, oneOf } from '../optionChecks.js'
import { resolveDevice } from '../runtime/engine.js'
import { readJson } from '../weights/repository.js'
import { readSafetensors, type Weights } from '../weights/safetensors.js'
import { singleFilePath } from '../weights/singleFilePath.js'
import type { PartOptions } from './loadPart.js'
import type { Placement } from './network.js'
import { originalConfigs } from './originalConfigs.js'
import { vaeWeights } from './originalLayout.js'
import { parseVaeConfig, type VaeConfig } from './vae.js'

export interface VaeFileOptions extends Pick<PartOptions, 'dtype' | 'device'> {
  /** the folder of its config.json (that of Stable Diffusion 1.x and 2.x) */
  config?: string
}

/** What an autoencoder is built from, of one `.safetensors`. @throws as `AutoencoderKL.fromSingleFile` */
export async function vaeFile(
  path: string,
  options: VaeFileOptions,
): Promise<{ config: VaeConfig; weights: Weights; placement: Placement }> {
  checkNames(options, new Set(['config', 'dtype', 'device']))
  const { dtype = 'float32', config: folder } = options
  oneOf('dtype', dtype, ['float32', 'float16'])
  const device = await resolveDevice(options.device ?? 'auto')
  const file = await singleFilePath(path)
  const standard = originalConfigs({ version: 1, channels: 4, prediction: 'epsilon' }).vae
  const json = folder === undefined ? standard : await readJson(folder, 'config.json')
  const config = parseVaeConfig(json, folder === undefined ? file : `${folder}/config.json`)
  const weights = vaeWeights(await readSafetensors(file), file, config)
  if (!weights) throw new ModelNotFoundError(`${file} holds no autoencoder`)
  return { config, weights, placement: { device, dtype, attention: { kind: 'fused' } } }
}
