import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Bytes that a user may still write on the disk of a folder, which need not be there yet. */
export async function freeSpace(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    return freeSpace(dirname(folder))
  }
}
