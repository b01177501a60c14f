import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { InvalidOptionError, ModelNotFoundError, UnsupportedModelError } from '../errors.js'
import { isPickle, pickleReason } from '../weights/component.js'
import { isMissing } from '../weights/json.js'

/**
 * What a user named → the file that is meant: itself, or in a folder `name`, the usual name, or the only one there.
 * @param pickles whether a reader that runs nothing is there for them
 * @throws ModelNotFoundError, UnsupportedModelError
 */
export async function weightsFile(
  path: string,
  name: string | undefined,
  usual: string,
  { pickles = false }: { pickles?: boolean } = {},
): Promise<string> {
  if (typeof path !== 'string' || path.trim() === '')
    throw new InvalidOptionError(`weights are a file or a folder with one, got ${JSON.stringify(path)}`)
  const place = resolve(path.replace(/^~(?=$|[\\/])/, homedir()))
  const file = (await isFolder(place)) ? await fileIn(place, name, usual, pickles) : place
  if (isPickle(file) && !pickles) throw new UnsupportedModelError(`${file} is a pickle: ${pickleReason}`)
  return file
}

async function fileIn(folder: string, name: string | undefined, usual: string, pickles: boolean): Promise<string> {
  const files = await readdir(folder)
  const fits = files.filter(file => extname(file) === '.safetensors' || (pickles && isPickle(file)))
  const usuals = [usual, ...(pickles ? [usual.replace('.safetensors', '.bin')] : [])]
  const chosen = name ?? usuals.find(one => files.includes(one)) ?? (fits.length === 1 ? fits[0] : undefined)
  if (chosen !== undefined && files.includes(chosen)) return join(folder, chosen)
  throw new ModelNotFoundError(
    `${folder}: expected ${chosen ?? `${usual}, or one .safetensors (name another by \`weightName\`)`}; it holds ${files.join(', ') || 'nothing'}`,
  )
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (!found) throw new ModelNotFoundError(`expected a file or folder ${path}: there is none`)
  return found.isDirectory()
}
