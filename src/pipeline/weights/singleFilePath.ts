import { stat } from 'node:fs/promises'
import { withDownloadBar } from '../downloadBar.js'
import { InvalidOptionError, ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { isPickle, pickleReason } from './component.js'
import { type DownloadOptions, downloadOne } from './hub.js'
import { isMissing } from './json.js'
import { userPath } from './userPath.js'

/**
 * What a user names, a path or the link of a file on the Hugging Face hub → the path of a file of weights, downloaded if need be.
 * @throws InvalidOptionError for what is neither; ModelNotFoundError where there is no file; UnsupportedModelError for a folder or a pickle
 */
export async function singleFilePath(source: string, hub: DownloadOptions = {}): Promise<string> {
  if (typeof source !== 'string' || source.trim() === '')
    throw new InvalidOptionError(`a model in one file is the path of a .safetensors, got ${JSON.stringify(source)}`)
  if (isPickle(source)) throw new UnsupportedModelError(`${source} is a pickle: ${pickleReason}`)
  if (/^(https?:\/\/|huggingface\.co\/|hf\.co\/)/.test(source)) return downloaded(source, hub)
  const file = userPath(source)
  const found = await stat(file).catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (!found) throw new ModelNotFoundError(`expected a file ${file}: there is none`)
  if (found.isDirectory())
    throw new UnsupportedModelError(`${file} is a folder: fromPretrained loads one in diffusers layout`)
  return file
}

/** As diffusers takes them: `https://huggingface.co/owner/name/blob/main/model.safetensors`. */
async function downloaded(link: string, hub: DownloadOptions): Promise<string> {
  const place = /^(?:https:\/\/)?(?:huggingface|hf)\.co\/([^/]+\/[^/]+)\/(?:blob|resolve)\/([^/]+)\/([^?#]+)/.exec(link)
  if (!place)
    throw new InvalidOptionError(
      `expected the link of a file on the hub, https://huggingface.co/owner/name/blob/main/model.safetensors, got ${link}: download it, and name the file`,
    )
  const [, id, revision, file] = place.map(decodeURIComponent)
  return withDownloadBar(hub, shown =>
    downloadOne(id, { ...hub, ...shown, revision }, names => {
      if (names.includes(file)) return file
      throw new ModelNotFoundError(`${id} holds no ${file} at ${revision}`)
    }),
  )
}
