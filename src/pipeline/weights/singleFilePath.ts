import { stat } from 'node:fs/promises'
import { InvalidOptionError, ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { isPickle, pickleReason } from './component.js'
import { isMissing } from './json.js'
import { userPath } from './userPath.js'

/**
 * A path as a user gives it → that of a file of weights.
 * @throws InvalidOptionError for what is no path; ModelNotFoundError where there is no file; UnsupportedModelError for a folder or a pickle
 */
export async function singleFilePath(path: string): Promise<string> {
  if (typeof path !== 'string' || path.trim() === '')
    throw new InvalidOptionError(`a model in one file is the path of a .safetensors, got ${JSON.stringify(path)}`)
  const file = userPath(path)
  const found = await stat(file).catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (!found) throw new ModelNotFoundError(`expected a file ${file}: there is none`)
  if (found.isDirectory())
    throw new UnsupportedModelError(`${file} is a folder: fromPretrained loads one in diffusers layout`)
  if (isPickle(file)) throw new UnsupportedModelError(`${file} is a pickle: ${pickleReason}`)
  return file
}
