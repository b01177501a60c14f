import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const prefix = '.sdnb-'

/**
 * Does work in a folder within `parent` that is gone afterwards, whatever becomes of the work: what shall stay is renamed out
 * of it, which takes no copy and leaves no half. Folders of processes that were killed go too.
 */
export async function inWorkFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent).filter(isLeftOver)) rmSync(join(parent, name), { recursive: true })
  const folder = join(parent, `${prefix}${process.pid}`)
  mkdirSync(join(folder, 'tmp'), { recursive: true })
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isLeftOver(name: string): boolean {
  if (!/^\.sdnb-\d+$/.test(name)) return false
  try {
    process.kill(Number(name.slice(prefix.length)), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
