import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { withDownloadBar } from '../downloadBar.js'
import { InvalidOptionError, ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { isPickle, pickleReason } from '../weights/component.js'
import { isMissing } from '../weights/json.js'
import { type DownloadOptions, downloadOne, isHubId } from '../weights/repository.js'
import { userPath } from '../weights/userPath.js'

/** Where a file of the hub comes from, and how its coming is told. */
export type HubFileOptions = Pick<
  DownloadOptions,
  'revision' | 'cacheDir' | 'localFilesOnly' | 'token' | 'signal' | 'onProgress'
>

/** Which file of a folder or a repository is meant. */
export interface FileChoice {
  /** as the user names it */
  name: string | undefined
  /** the one that is taken where it is there; else the only one that there is */
  usual: string
  /** whether a reader that runs nothing is there for them */
  pickles?: boolean
}

/**
 * What a user named, a file, a folder or a hub id (`owner/name`) → the file that is meant.
 * @throws ModelNotFoundError, UnsupportedModelError
 */
export async function weightsFile(source: string, choice: FileChoice, hub: HubFileOptions): Promise<string> {
  if (typeof source !== 'string' || source.trim() === '')
    throw new InvalidOptionError(`weights are a file, a folder or a hub id (owner/name), got ${JSON.stringify(source)}`)
  const file = await located(source, choice, hub)
  if (isPickle(file) && !choice.pickles) throw new UnsupportedModelError(`${file} is a pickle: ${pickleReason}`)
  return file
}

async function located(source: string, choice: FileChoice, hub: HubFileOptions): Promise<string> {
  const place = userPath(source)
  const found = await stat(place).catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found) return found.isDirectory() ? join(place, chosen(await readdir(place), choice, place)) : place
  if (isHubId(source))
    return withDownloadBar(hub, shown =>
      downloadOne(source, { ...hub, ...shown }, names => chosen(names, choice, source)),
    )
  throw new ModelNotFoundError(
    `expected a file, a folder or a hub id (owner/name), got "${source}": there is no ${place}`,
  )
}

function chosen(files: readonly string[], { name, usual, pickles = false }: FileChoice, where: string): string {
  const fits = files.filter(file => extname(file) === '.safetensors' || (pickles && isPickle(file)))
  const usuals = [usual, ...(pickles ? [usual.replace('.safetensors', '.bin')] : [])]
  const one = name ?? usuals.find(one => files.includes(one)) ?? (fits.length === 1 ? fits[0] : undefined)
  if (one !== undefined && files.includes(one)) return one
  const expected = one ?? `${usual}, or one .safetensors (name another by \`weightName\`)`
  throw new ModelNotFoundError(`${where}: expected ${expected}; it holds ${files.join(', ') || 'nothing'}`)
}
