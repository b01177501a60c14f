import { InvalidOptionError, UnsupportedModelError } from '../errors.js'
import { type ModelIndex, modelIndex } from '../weights/repository.js'
import type { ControlNetPretrainedOptions } from './controlNetParts.js'
import { checkClasses, type stableDiffusionClasses } from './loadStableDiffusion.js'
import { locateModel } from './locateModel.js'
import { StableDiffusionPipeline } from './stableDiffusion.js'
import { StableDiffusionControlNetPipeline } from './stableDiffusionControlNet.js'
import { StableDiffusionControlNetImg2ImgPipeline } from './stableDiffusionControlNetImg2Img.js'
import { StableDiffusionImg2ImgPipeline } from './stableDiffusionImg2Img.js'
import { StableDiffusionInpaintPipeline } from './stableDiffusionInpaint.js'

const pipelines = {
  StableDiffusionPipeline,
  StableDiffusionImg2ImgPipeline,
  StableDiffusionInpaintPipeline,
  StableDiffusionControlNetPipeline,
  StableDiffusionControlNetImg2ImgPipeline,
} satisfies Record<(typeof stableDiffusionClasses)[number], unknown>

/**
 * Any pipeline: `fromPretrained` returns the class that `model_index.json` names. TypeScript is told which one that is, where it
 * is not text to image: `DiffusionPipeline.fromPretrained<StableDiffusionInpaintPipeline>(…)`.
 */
export const DiffusionPipeline = {
  /** @throws UnsupportedModelError naming the class, where it is none of those built here */
  async fromPretrained<P extends Pipeline = StableDiffusionPipeline>(
    source: string,
    { controlnet, ...options }: ControlNetPretrainedOptions = {},
  ): Promise<P> {
    const { folder, device } = await locateModel(source, options, checkClass)
    const index = await modelIndex(folder)
    checkClass(index, folder)
    const Class = pipelines[index._class_name as keyof typeof pipelines]
    if (controlnet && !index._class_name.includes('ControlNet'))
      throw new InvalidOptionError(
        `controlnet is not for ${index._class_name}, which ${folder} names: load it with StableDiffusionControlNetPipeline.fromPretrained`,
      )
    // The files are there now: asked again, a hub that does not answer would be warned of twice.
    const pipeline: Pipeline = await Class.fromPretrained(source, {
      ...options,
      ...(controlnet && { controlnet }),
      device,
      localFilesOnly: true,
    })
    return pipeline as P
  },
}

type Pipeline = InstanceType<(typeof pipelines)[keyof typeof pipelines]>

function checkClass({ _class_name: name }: ModelIndex, folder: string): void {
  if (!Object.hasOwn(pipelines, name))
    throw new UnsupportedModelError(
      `${folder}/model_index.json: "_class_name" is "${name}"; known here: ${Object.keys(pipelines).join(', ')}`,
    )
}

/** Whether a model is one that is run here. @throws UnsupportedModelError naming what is not */
export function checkModel(index: ModelIndex, folder: string): void {
  checkClass(index, folder)
  checkClasses(index, folder)
}
