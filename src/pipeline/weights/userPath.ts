import { homedir } from 'node:os'
import { resolve } from 'node:path'

/** A path as a user types it, `~` and all, made absolute. */
export function userPath(path: string): string {
  return resolve(path.replace(/^~(?=$|[\\/])/, homedir()))
}
