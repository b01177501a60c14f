import { UnsupportedModelError } from '../errors.js'
import { type ModelIndex, modelIndex } from '../weights/repository.js'
import type { FromPretrainedOptions } from './fromPretrainedOptions.js'
import { checkClasses } from './loadStableDiffusion.js'
import { locateModel } from './locateModel.js'
import { StableDiffusionPipeline } from './stableDiffusion.js'

const pipelines = { StableDiffusionPipeline }

/** Any pipeline: `fromPretrained` returns the class that `model_index.json` names. */
export const DiffusionPipeline = {
  /** @throws UnsupportedModelError naming the class, where it is none of those built here */
  async fromPretrained(source: string, options: FromPretrainedOptions = {}): Promise<StableDiffusionPipeline> {
    const { folder, device } = await locateModel(source, options, checkClass)
    const index = await modelIndex(folder)
    checkClass(index, folder)
    const Pipeline = pipelines[index._class_name as keyof typeof pipelines]
    // The files are there now: asked again, a hub that does not answer would be warned of twice.
    return Pipeline.fromPretrained(source, { ...options, device, localFilesOnly: true })
  },
}

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
