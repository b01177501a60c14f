import type ts from 'typescript'
import { scanShellLines } from './scanShellLines.js'
import type { Range, TextEdit } from './serverProtocol.js'

/**
 * TypeScript's formatter over a cell's text, of which it takes the syntax alone. `!` lines stay as they are.
 * @param compiler whichever TypeScript is at hand
 * @param ask what to format, and how, of the cell as a file of that name
 */
export function formatText(
  compiler: typeof ts,
  text: string,
  ask: (service: ts.LanguageService, file: string) => ts.TextChange[],
): TextEdit[] {
  const shell = scanShellLines(compiler, text)
  const service = compiler.createLanguageService(hostOf(compiler, withComments(text, shell)))
  const changes = ask(service, file)
  service.dispose()
  return changes
    .map(({ span, newText }) => ({ start: span.start, end: span.start + span.length, newText }))
    .filter(edit => !shell.some(line => touches(edit, line)))
}

const file = '/cell.ts'

/** `!` lines as comments of the same length: a statement there would have the one before ended by a semicolon. */
function withComments(text: string, shell: Range[]): string {
  let result = ''
  let copied = 0
  for (const { start, end } of shell) {
    const inner = text.slice(start + 2, end)
    result += text.slice(copied, start)
    if (end - start < 4) result += end - start < 2 ? ';' : `//${inner}`
    else result += `/*${inner.slice(0, -2).replace(/[^\r\n]/g, ' ')}*/`
    copied = end
  }
  return result + text.slice(copied)
}

/** Up to the line's break, as its indent and what it ends with are the shell's. */
const touches = (edit: Range, line: Range) => edit.end >= line.start && edit.start <= line.end

function hostOf(compiler: typeof ts, text: string): ts.LanguageServiceHost {
  return {
    getCompilationSettings: () => ({
      target: compiler.ScriptTarget.ESNext,
      moduleDetection: compiler.ModuleDetectionKind.Force, // else `await (x)` is a call
      noLib: true,
    }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: name => (name === file ? compiler.ScriptSnapshot.fromString(text) : undefined),
    getCurrentDirectory: () => '/',
    getDefaultLibFileName: () => 'lib.d.ts',
    fileExists: name => name === file,
    readFile: () => undefined,
  }
}
