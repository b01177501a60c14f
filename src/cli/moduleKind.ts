import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'

/** Whether tools read a file as an ES module: by its ending, else by the nearest package.json (Node's rule). */
export async function isEsModule(path: string): Promise<boolean> {
  if (extname(path) !== '.ts') return extname(path) === '.mts'
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) return typeIn(text) === 'module'
    if (folder === dirname(folder)) return false
  }
}

function typeIn(packageJson: string): unknown {
  try {
    return JSON.parse(packageJson).type
  } catch {
    return undefined
  }
}
