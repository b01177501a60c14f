import { InvalidOptionError } from '../errors.js'
import { kindOf } from '../models/originalFamily.js'
import * as repository from '../weights/repository.js'
import { readSafetensors } from '../weights/safetensors.js'
import { checkModel } from './diffusionPipeline.js'

export {
  type CachedModel,
  type DownloadPlan,
  type ModelRemoval,
  modelRemoval,
} from '../weights/repository.js'

/** The folder that Hugging Face's libraries share: HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub. */
export function modelCacheDir(): string {
  return repository.defaultCacheDir()
}

type HubOptions = Omit<repository.DownloadOptions, 'accept' | 'without'>

/** The model that ships with the package, and those in the hub's cache: pipelines, parts, and files by themselves. */
export async function cachedModels(cacheDir?: string): Promise<repository.CachedModel[]> {
  const shipped = await repository.inspected('sdnb/tiny', repository.embeddedModel(), checkModel)
  const known = {
    accept: checkModel,
    parts: partClasses,
    fileKind: async (path: string) => kindOf(await readSafetensors(path)),
  }
  return [{ ...shipped, revisions: [] }, ...(await repository.cachedModels(known, cacheDir))]
}

/** Those that have a `fromPretrained` of their own. */
const partClasses = [
  'AutoencoderKL',
  'AutoencoderTiny',
  'UNet2DConditionModel',
  'ControlNetModel',
  'CLIPTextModel',
  'CLIPModel',
  'StableDiffusionSafetyChecker',
]

/**
 * What `downloadModel` would fetch; only asks.
 * @throws as `downloadModel`
 */
export async function downloadPlan(id: string, options: HubOptions = {}): Promise<repository.DownloadPlan> {
  return repository.downloadPlan(checkedId(id), { ...options, accept: checkModel })
}

/**
 * Downloads what `fromPretrained` with the same options would read, and no more; resolves to the folder.
 * @throws InvalidOptionError    for an id that is not `owner/name`
 * @throws ModelNotFoundError    no such model, revision or file; gated
 * @throws UnsupportedModelError a model that is not run here, before its weights are fetched
 * @throws CorruptWeightsError   content that is not what the hub lists
 */
export async function downloadModel(id: string, options: HubOptions = {}): Promise<string> {
  return repository.downloadModel(checkedId(id), { ...options, accept: checkModel })
}

function checkedId(id: string): string {
  if (id === 'sdnb/tiny') throw new InvalidOptionError('sdnb/tiny ships with the package: there is nothing to download')
  if (!repository.isHubId(id))
    throw new InvalidOptionError(`expected a model of the hub as owner/name, got ${JSON.stringify(id)}`)
  return id
}
