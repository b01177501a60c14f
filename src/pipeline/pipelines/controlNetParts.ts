import { readdir } from 'node:fs/promises'
import { InvalidOptionError, UnsupportedModelError } from '../errors.js'
import { conditioningFactor } from '../models/controlNet.js'
import { ControlNetModel } from '../models/controlNetModel.js'
import { partOptions } from '../models/loadPart.js'
import { residualShapes } from '../models/unet.js'
import { shown } from '../optionChecks.js'
import { modelIndex, numberedFolders } from '../weights/repository.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'
import { loadStableDiffusion } from './loadStableDiffusion.js'
import { locateModel } from './locateModel.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'

export interface ControlNetParts extends StableDiffusionParts {
  controlnet: ControlNetModel | ControlNetModel[]
}

/** What `fromPretrained` of pipelines with ControlNets takes. */
export interface ControlNetPretrainedOptions extends FromPretrainedOptions {
  /** one or several, from `ControlNetModel.fromPretrained`; where the model's folder holds one, that */
  controlnet?: ControlNetModel | ControlNetModel[]
}

export async function loadControlNetParts(
  source: string,
  { controlnet, ...options }: ControlNetPretrainedOptions,
): Promise<ControlNetParts> {
  if (controlnet !== undefined) listed(controlnet)
  const parts = await loadStableDiffusion(source, options)
  return { ...parts, controlnet: controlnet ?? (await ownControlNets(source, options)) }
}

/** A folder that was saved from such a pipeline has its ControlNets beside the other parts: `controlnet`, `controlnet_1`, … */
async function ownControlNets(
  source: string,
  options: FromPretrainedOptions,
): Promise<ControlNetModel | ControlNetModel[]> {
  // The files are there now: asked again, a hub that does not answer would be warned of twice.
  const here = { ...options, localFilesOnly: true }
  const { folder } = await locateModel(source, here, () => {})
  const names = (await readdir(folder)).map(name => `${name}/`)
  if (!names.includes('controlnet/'))
    throw new InvalidOptionError(
      `controlnet must be given, such as await ControlNetModel.fromPretrained('lllyasviel/sd-controlnet-canny'): ${source} holds none`,
    )
  const isOne = (await modelIndex(folder)).controlnet?.[1] === 'ControlNetModel'
  const nets: ControlNetModel[] = []
  for (const subfolder of isOne ? ['controlnet'] : numberedFolders(names, 'controlnet'))
    nets.push(await ControlNetModel.fromPretrained(source, { ...partOptions(here), subfolder }))
  return nets.length > 1 ? nets : nets[0]
}

/** @throws InvalidOptionError for what is none */
export function listed(controlnet: ControlNetModel | ControlNetModel[]): ControlNetModel[] {
  const nets = Array.isArray(controlnet) ? controlnet : [controlnet]
  if (nets.length === 0 || !nets.every(net => typeof net === 'function' && 'config' in net))
    throw new InvalidOptionError(
      `controlnet must be what ControlNetModel.fromPretrained gives, or a list of such, got ${shown(controlnet)}`,
    )
  return nets
}

/** @throws UnsupportedModelError for a ControlNet that belongs to a U-Net of another kind */
export function checkControlNet({ config, source }: ControlNetModel, { unet, vae }: StableDiffusionParts): void {
  const refuse = (what: string, is: unknown, expected: unknown): never => {
    throw new UnsupportedModelError(
      `${source}: this ControlNet was made for another kind of model: its ${what} is ${is}, the U-Net's ${expected}`,
    )
  }
  const { unet: copy, conditioningChannels } = config
  if (copy.crossAttentionDim !== unet.config.crossAttentionDim)
    refuse('cross_attention_dim', copy.crossAttentionDim, unet.config.crossAttentionDim)
  if (copy.inChannels !== unet.config.inChannels) refuse('in_channels', copy.inChannels, unet.config.inChannels)
  const size = { batch: 1, height: 64, width: 64 }
  const [own, needed] = [copy, unet.config].map(each => residualShapes(each, size).map(([, channels]) => channels))
  if (own.join() !== needed.join()) refuse('list of channels', `[${own}]`, `[${needed}]`)
  if (conditioningFactor(config) !== vae.scaleFactor)
    throw new UnsupportedModelError(
      `${source}: "conditioning_embedding_out_channels" makes pictures ${conditioningFactor(config)} times smaller; the VAE's latents are ${vae.scaleFactor} times`,
    )
  if (conditioningChannels !== 3)
    throw new UnsupportedModelError(
      `${source}: "conditioning_channels" is ${conditioningChannels}; pictures have 3 here`,
    )
}
