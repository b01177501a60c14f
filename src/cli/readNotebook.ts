import { readFile } from 'node:fs/promises'
import type { Notebook } from '../notebook/nbformat.js'
import { parseNotebook } from '../notebook/parse.js'
import { UsageError } from './usageError.js'

/** @throws UsageError for a file that cannot be read or is no notebook */
export async function readNotebook(file: string): Promise<Notebook> {
  try {
    return parseNotebook(utf8.decode(await readFile(file)))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = {
      ENOENT: 'no such file',
      EISDIR: 'is a folder, not a notebook',
      EACCES: 'may not be read',
      ERR_ENCODING_INVALID_ENCODED_DATA: 'is no UTF-8 text',
    }
    throw new UsageError(`${file}: ${reason[code as keyof typeof reason] ?? message}`)
  }
}

/** Other bytes would come back as replacement characters, and be written so. */
const utf8 = new TextDecoder('utf-8', { fatal: true })
