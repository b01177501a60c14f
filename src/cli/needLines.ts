import { basename, dirname } from 'node:path'
import type { NeedReport } from '../protocol/commandLine.js'
import { shownPath } from './shownPath.js'

/**
 * What a device needs, for a person: libraries of one folder in one line, what has one mend in another. Where the first need,
 * the card itself, is missing, the rest is of no use to read.
 */
export function needLines(needs: NeedReport[]): string[] {
  const [first] = needs
  const shown = first && first.found === undefined ? [first] : needs
  const lines = new Map<string, string[]>()
  for (const { name, found, mend } of shown) {
    const isFile = found !== undefined && basename(found) === name
    const end = isFile ? ` in ${shownPath(dirname(found))}` : found === undefined ? '' : ` ${found}`
    const line = `${mend === undefined ? '✔' : '✘'} |${end}${mend === undefined ? '' : `: ${mend}`}`
    lines.set(line, [...(lines.get(line) ?? []), name])
  }
  return [...lines].map(([line, names]) => line.replace('|', () => names.join(', ')))
}
