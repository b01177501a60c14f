import { access, constants, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** A file, or a place where one can be made, with the folders above it. */
export async function isWritable(path: string): Promise<boolean> {
  const stats = await statOf(path)
  if (stats) return stats.isFile() && mayWrite(path)
  let folder = dirname(resolve(path))
  let above = await statOf(folder)
  while (!above) {
    folder = dirname(folder)
    above = await statOf(folder)
  }
  return above.isDirectory() && mayWrite(folder)
}

const statOf = (path: string) => stat(path).catch(() => undefined)
const mayWrite = (path: string) =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
