import { randomBytes } from 'node:crypto'
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file whole or not at all: a reader sees the old content or the new, and so does one after a crash. */
export async function writeFileWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // A link stays one: what it points to is replaced.
  const target = await realpath(path).catch(() => path)
  const mode = await stat(target).then(
    ({ mode }) => mode & 0o777,
    () => 0o666 & ~process.umask(),
  )
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
