import compiler from './compiler.js'
import { type ShellLine, scanShellLines } from './scanShellLines.js'

export type { ShellLine }

/** The `!` lines of a cell. */
export const shellLines = (text: string): ShellLine[] => scanShellLines(compiler, text)

/** A `!` line as TypeScript. The call keeps the line's number, and a continued command leaves its empty lines. */
const shellCall = (command: string, lines: number) =>
  `await __run.shell(${JSON.stringify(command)});${'\n'.repeat(lines - 1)}`

/** Cell text with every `!` line turned into a shell call; line numbers stay. */
export function replaceShellLines(text: string): string {
  return replaceEachShellLine(text, ({ command, lines }) => shellCall(command, lines))
}

/** Cell text with every `!` line turned into an empty statement of the same length; offsets stay. */
export function blankShellLines(text: string): string {
  return replaceEachShellLine(text, ({ start, end }) => `;${text.slice(start + 1, end).replace(/[^\r\n]/g, ' ')}`)
}

/** Cell text with every `!` line turned into what `replacement` makes of it. */
export function replaceEachShellLine(text: string, replacement: (line: ShellLine) => string): string {
  let result = ''
  let copied = 0
  for (const line of shellLines(text)) {
    result += text.slice(copied, line.start) + replacement(line)
    copied = line.end
  }
  return result + text.slice(copied)
}
