import { basename, isAbsolute } from 'node:path'

/** What a picture tells of a source: a hub id as it is; of a path the last name alone, since pictures travel and where a model lies is nobody's business. */
export function modelName(source: string): string {
  return isAbsolute(source) || /^[.~]/.test(source) ? basename(source) : source
}
