import type { ImageParameters } from '../image/parameters.js'
import { modelName } from '../models/modelName.js'
import { adapterParameters } from './adapterParameters.js'
import { samplerOf, schedulerSettings } from './samplers.js'
import type { StableDiffusionParts } from './stableDiffusionParts.js'

export type ToldParts = Pick<
  StableDiffusionParts,
  'name' | 'dtype' | 'quantization' | 'scheduler' | 'unet' | 'textEncoder' | 'vae'
>

/** What of a picture's parameters its pipeline tells, whatever the call was; nothing of what is as the model has it. */
export function pipelineParameters(
  pipeline: ToldParts,
  { width = 0, height = 0 }: Pick<ImageParameters, 'width' | 'height'>,
): Partial<ImageParameters> {
  const { name, dtype, quantization, scheduler, unet, textEncoder, vae } = pipeline
  const { name: kind } = pipeline.constructor
  const replaced = ({ source }: { source: string }) => (source === name ? undefined : modelName(source))
  const tileSize = 'tileSize' in vae ? vae.tileSize : undefined
  const told: { [Name in keyof ImageParameters]?: ImageParameters[Name] | undefined } = {
    ...samplerOf(scheduler.config),
    ...adapterParameters(pipeline),
    pipeline: kind === 'StableDiffusionPipeline' ? undefined : kind,
    dtype: dtype === 'float32' ? undefined : dtype,
    quantization,
    unet: replaced(unet),
    textEncoder: replaced(textEncoder),
    vae: replaced(vae),
    vaeTileSize: tileSize !== undefined && Math.max(width, height) > tileSize ? tileSize : undefined,
    model: modelName(name),
    scheduler: schedulerSettings(scheduler),
  }
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))
}

/** In what a pipeline is not as the one that made a picture here, each a sentence's part; what another tool made tells too little. */
export function differences(parameters: ImageParameters, pipeline: ToldParts): string[] {
  if (parameters.promptSyntax === undefined) return []
  const own = pipelineParameters(pipeline, parameters)
  const text = (value: unknown) =>
    value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)
  return (Object.keys(labels) as (keyof typeof labels)[])
    .filter(name => text(own[name]) !== text(parameters[name]))
    .map(name => `${labels[name]}: ${text(parameters[name])}, here ${text(own[name])}`)
}

const labels = {
  pipeline: 'class',
  model: 'model',
  dtype: 'dtype',
  quantization: 'quantization',
  unet: 'U-Net of its own',
  textEncoder: 'text encoder of its own',
  vae: 'VAE of its own',
  vaeTileSize: 'tile size of the VAE',
  lora: 'LoRA',
  textualInversion: 'textual inversions',
  scheduler: 'scheduler',
} satisfies Partial<Record<keyof ImageParameters, string>>
