import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { readJsonFile } from './json.js'

/** The parts of `model_index.json`; its settings are not among them (`readJson(folder, 'model_index.json')` has all). */
export interface ModelIndex {
  _class_name: string
  /** part → library and class, both null where the pipeline goes without it */
  [part: string]: string | [string | null, string | null] | undefined
}

/**
 * The parts that a model's folder names.
 * @throws ModelNotFoundError    no folder, or none in diffusers layout
 * @throws UnsupportedModelError a class that is not named by a string
 * @throws CorruptWeightsError   no JSON
 */
export async function modelIndex(folder: string): Promise<ModelIndex> {
  const where = join(folder, 'model_index.json')
  const json = await readJsonFile(where).catch(async error => {
    throw error instanceof ModelNotFoundError ? await notDiffusers(folder, error) : error
  })
  return parseModelIndex(json, where)
}

/** @throws UnsupportedModelError a class that is not named by a string */
export function parseModelIndex(json: Record<string, unknown>, where: string): ModelIndex {
  if (typeof json._class_name !== 'string')
    throw new UnsupportedModelError(
      `${where}: "_class_name" must name a pipeline class, got ${JSON.stringify(json._class_name) ?? 'nothing'}`,
    )
  const index: ModelIndex = { _class_name: json._class_name }
  for (const [part, value] of Object.entries(json)) if (isPart(value)) index[part] = value
  return index
}

function isPart(value: unknown): value is [string | null, string | null] {
  return Array.isArray(value) && value.length === 2 && value.every(item => item === null || typeof item === 'string')
}

async function notDiffusers(folder: string, cause: Error): Promise<ModelNotFoundError> {
  const names = await readdir(folder).catch(() => undefined)
  if (!names)
    return new ModelNotFoundError(`${folder}: expected a folder in diffusers layout; there is no folder`, { cause })
  const shown = names.length === 0 ? 'nothing' : names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '')
  return new ModelNotFoundError(
    `${folder}: expected a folder in diffusers layout, with a model_index.json; it holds ${shown}`,
    { cause },
  )
}
