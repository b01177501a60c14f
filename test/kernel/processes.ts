import { readdirSync, readFileSync } from 'node:fs'

/** Ids of the processes whose command line holds the text; none where there is no /proc. */
export function processesWith(text: string): number[] {
  return ids().filter(pid => commandOf(pid).includes(text))
}

function ids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Boolean)
  } catch {
    return []
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
