import { UnsupportedModelError } from '../errors.js'
import { modelIndex, resolveModel } from '../weights/repository.js'
import type { FromPretrainedOptions } from './loadStableDiffusion.js'
import { StableDiffusionPipeline } from './stableDiffusion.js'

const pipelines = { StableDiffusionPipeline }

/** Any pipeline: `fromPretrained` returns the class that `model_index.json` names. */
export const DiffusionPipeline = {
  /** @throws UnsupportedModelError naming the class, where it is none of those built here */
  async fromPretrained(source: string, options: FromPretrainedOptions = {}): Promise<StableDiffusionPipeline> {
    const folder = await resolveModel(source, options)
    const { _class_name: name } = await modelIndex(folder)
    if (!Object.hasOwn(pipelines, name))
      throw new UnsupportedModelError(
        `${folder}/model_index.json: "_class_name" is "${name}"; known here: ${Object.keys(pipelines).join(', ')}`,
      )
    return pipelines[name as keyof typeof pipelines].fromPretrained(source, options)
  },
}
