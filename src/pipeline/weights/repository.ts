import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { InvalidOptionError, ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { checkVariant, isPickle, pickleReason } from './component.js'
import { type DownloadOptions, downloadModel, downloadPart } from './hub.js'
import { isHubId } from './hubCache.js'
import { isMissing, readJsonFile } from './json.js'
import { type PartFiles, partFiles } from './neededFiles.js'
import { userPath } from './userPath.js'

export { type CachedModel, cachedModels, inspected } from './cachedModels.js'
export { componentWeights } from './component.js'
export { type DownloadPlan, downloadPlan } from './downloadPlan.js'
export { type DownloadOptions, downloadModel, downloadOne } from './hub.js'
export { defaultCacheDir, isHubId } from './hubCache.js'
export { type ModelIndex, modelIndex } from './modelIndex.js'
export { type ModelRemoval, modelRemoval } from './modelRemoval.js'
export { numberedFolders } from './neededFiles.js'

/**
 * A model's source → a local folder in diffusers layout. A folder that exists is taken as it is; `'sdnb/tiny'` is the model
 * that ships with the package; any other `owner/name` comes from the Hugging Face hub, through the cache that Python's
 * huggingface_hub has too.
 *
 * @throws ModelNotFoundError    no such folder, repository or file; offline and not in the cache; a gated repository
 * @throws UnsupportedModelError a path to a single file
 */
export async function resolveModel(source: string, options: DownloadOptions = {}): Promise<string> {
  options.signal?.throwIfAborted()
  const path = await localFolder(source)
  if (path === undefined) return downloadModel(source, options)
  if (options.variant !== undefined && source !== 'sdnb/tiny')
    checkVariant(await readdir(path, { recursive: true }), options.variant, path)
  return path
}

/**
 * One part's source → the folder of its config.json and weights: a folder or a repository of its own, or the subfolder of a
 * pipeline's. Errors as `resolveModel`, and ModelNotFoundError where there is no such part.
 */
export async function resolvePart(source: string, options: DownloadOptions & PartFiles = {}): Promise<string> {
  options.signal?.throwIfAborted()
  const { subfolder = '' } = options
  const path = await localFolder(source)
  if (path === undefined) return join(await downloadPart(source, options), subfolder)
  const inside = subfolder === '' ? [] : await readdir(join(path, subfolder)).catch(() => [])
  partFiles([...(await readdir(path)), ...inside.map(name => `${subfolder}/${name}`)], options, path)
  return join(path, subfolder)
}

/** Where a source lies on this machine without the hub; undefined for a hub id. Errors as `resolveModel`. */
async function localFolder(source: string): Promise<string | undefined> {
  if (typeof source !== 'string' || source.trim() === '')
    throw new InvalidOptionError(`a model is a folder or a hub id (owner/name), got ${JSON.stringify(source)}`)
  const path = userPath(source)
  const found = await stat(path).catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found && !found.isDirectory()) throw singleFile(source)
  if (found) return path
  if (source === 'sdnb/tiny') return embeddedModel()
  if (isHubId(source)) return undefined
  throw new ModelNotFoundError(
    `"${source}": expected a folder or a hub id (owner/name); there is no folder ${path}. ` +
      `Folders are looked up from ${process.cwd()}.`,
  )
}

/** A JSON file of a model's folder; errors as `readJsonFile`. */
export async function readJson(folder: string, path: string): Promise<Record<string, unknown>> {
  return readJsonFile(join(folder, path))
}

/** The folder of the model that ships with the package: from src/ and from dist/ alike. */
export function embeddedModel(): string {
  return shippedFolder('tiny')
}

/** A folder of models/, as the package ships it. */
export function shippedFolder(name: 'tiny' | 'clip'): string {
  return join(dirname(createRequire(import.meta.url).resolve('sdnb/package.json')), 'models', name)
}

function singleFile(source: string): UnsupportedModelError {
  if (extname(source) === '.safetensors')
    return new UnsupportedModelError(
      `${source} is a single file: load it with fromSingleFile; expected a folder in diffusers layout`,
    )
  if (isPickle(source)) return new UnsupportedModelError(`${source} is a pickle: ${pickleReason}`)
  return new UnsupportedModelError(`${source} is a file; expected a folder in diffusers layout`)
}
