import compiler from './compiler.js'
import type { Completeness } from './serverProtocol.js'
import { blankShellLines, shellLines } from './shellLines.js'

/** Whether a cell's text is whole, can go on, or is wrong whatever comes next: Jupyter's `is_complete`. */
export function isComplete(text: string): Completeness {
  const command = shellLines(text).at(-1)
  if (command?.end === text.length && text.endsWith('\\')) return { status: 'incomplete', indent: '' }
  const code = blankShellLines(text)
  const errors = syntaxErrors(code)
  if (errors.length === 0) return { status: 'complete' }
  if (errors.some(({ code }) => neverMended.has(code))) return { status: 'invalid' }
  // the parser misses something where the text ends, and nothing before
  if (errors.some(({ start }) => start < code.trimEnd().length)) return { status: 'invalid' }
  return { status: 'incomplete', indent: errors.some(({ code }) => inText.has(code)) ? '' : indentAfter(code) }
}

/** an unterminated string, and an unterminated regular expression */
const neverMended = new Set([1002, 1161])

/** an unterminated comment or template: an indent would be part of it */
const inText = new Set([1010, 1160])

function syntaxErrors(code: string): { start: number; code: number }[] {
  const { diagnostics = [] } = compiler.transpileModule(code, {
    fileName: 'cell.ts',
    reportDiagnostics: true,
    compilerOptions: {
      target: compiler.ScriptTarget.ESNext,
      module: compiler.ModuleKind.ESNext,
      moduleDetection: compiler.ModuleDetectionKind.Force,
    },
  })
  return diagnostics.map(({ start = 0, code }) => ({ start, code }))
}

/** The last line's indent, and one more behind an open bracket or operator. */
function indentAfter(code: string): string {
  const last = code.trimEnd().split('\n').at(-1)!
  const [indent] = /^\s*/.exec(last)!
  return /[([{=:?&|+*/,<>-]$/.test(last) ? `${indent}  ` : indent
}
