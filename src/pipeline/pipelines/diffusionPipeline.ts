import { UnsupportedModelError } from '../errors.js'
import { type ModelIndex, modelIndex, resolveModel } from '../weights/repository.js'
import type { FromPretrainedOptions } from './loadStableDiffusion.js'
import { StableDiffusionPipeline } from './stableDiffusion.js'

const pipelines = { StableDiffusionPipeline }

/** Any pipeline: `fromPretrained` returns the class that `model_index.json` names. */
export const DiffusionPipeline = {
  /** @throws UnsupportedModelError naming the class, where it is none of those built here */
  async fromPretrained(source: string, options: FromPretrainedOptions = {}): Promise<StableDiffusionPipeline> {
    const folder = await resolveModel(source, { ...options, accept: checkClass })
    const index = await modelIndex(folder)
    checkClass(index, folder)
    return pipelines[index._class_name as keyof typeof pipelines].fromPretrained(source, options)
  },
}

function checkClass({ _class_name: name }: ModelIndex, folder: string): void {
  if (!Object.hasOwn(pipelines, name))
    throw new UnsupportedModelError(
      `${folder}/model_index.json: "_class_name" is "${name}"; known here: ${Object.keys(pipelines).join(', ')}`,
    )
}
