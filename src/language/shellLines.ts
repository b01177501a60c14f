import type ts from 'typescript'
import compiler from './compiler.js'

/** A `!` line as TypeScript. The call keeps the line's number, and a continued command leaves its empty lines. */
const shellCall = (command: string, lines: number) =>
  `await __run.shell(${JSON.stringify(command)});${'\n'.repeat(lines - 1)}`

/** A line that begins with `!`, with those it is continued on: from the `!` to before the last line's end. */
export interface ShellLine {
  start: number
  end: number
  command: string
  lines: number
}

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

/**
 * The `!` lines of a cell. A line inside a template, a comment, brackets or an unfinished expression is none.
 * A trailing backslash continues the command on the next line, as in a shell.
 */
export function shellLines(text: string): ShellLine[] {
  const found: ShellLine[] = []
  if (!/^!/m.test(text)) return found
  const scanner = compiler.createScanner(compiler.ScriptTarget.Latest, true, compiler.LanguageVariant.Standard, text)
  /** open brackets; `${` is a template's, which its `}` goes on with */
  const open: string[] = []
  let previous: ts.SyntaxKind | undefined
  for (;;) {
    let token = scanner.scan()
    if (token === compiler.SyntaxKind.EndOfFileToken) return found
    const start = scanner.getTokenStart()
    if (
      text[start] === '!' &&
      (start === 0 || text[start - 1] === '\n') &&
      open.length === 0 &&
      !expectsOperand(previous)
    ) {
      const { end, lines } = commandEnd(text, start)
      const command = text
        .slice(start + 1, end)
        .replace(/\\\r?\n/g, '')
        .trim()
      found.push({ start, end, command, lines })
      scanner.resetTokenState(end)
      previous = undefined
      continue
    }
    if (
      (token === compiler.SyntaxKind.SlashToken || token === compiler.SyntaxKind.SlashEqualsToken) &&
      expectsOperand(previous, true)
    ) {
      token = scanner.reScanSlashToken()
    } else if (token === compiler.SyntaxKind.CloseBraceToken && open.at(-1) === '${') {
      token = scanner.reScanTemplateToken(false)
      if (token === compiler.SyntaxKind.TemplateTail) open.pop()
    } else if (token === compiler.SyntaxKind.TemplateHead) {
      open.push('${')
    } else if (opens.has(token)) {
      open.push('(')
    } else if (closes.has(token)) {
      open.pop()
    }
    previous = token
  }
}

const opens = new Set([
  compiler.SyntaxKind.OpenParenToken,
  compiler.SyntaxKind.OpenBraceToken,
  compiler.SyntaxKind.OpenBracketToken,
])
const closes = new Set([
  compiler.SyntaxKind.CloseParenToken,
  compiler.SyntaxKind.CloseBraceToken,
  compiler.SyntaxKind.CloseBracketToken,
])

/** Whether an expression must go on after this token, so that what follows begins no statement (or is a regular expression). */
function expectsOperand(token: ts.SyntaxKind | undefined, slash = false): boolean {
  if (token === undefined) return slash
  if (
    slash &&
    (opens.has(token) || token === compiler.SyntaxKind.SemicolonToken || token === compiler.SyntaxKind.CloseBraceToken)
  )
    return true
  if (token === compiler.SyntaxKind.SemicolonToken || closes.has(token)) return false
  if (token === compiler.SyntaxKind.PlusPlusToken || token === compiler.SyntaxKind.MinusMinusToken) return false
  if (slash && isKeywordBeforeOperand(token)) return true
  return (
    (token >= compiler.SyntaxKind.FirstPunctuation && token <= compiler.SyntaxKind.LastPunctuation) ||
    token === compiler.SyntaxKind.TemplateMiddle ||
    token === compiler.SyntaxKind.TemplateHead
  )
}

function isKeywordBeforeOperand(token: ts.SyntaxKind): boolean {
  return (
    token >= compiler.SyntaxKind.FirstReservedWord &&
    token <= compiler.SyntaxKind.LastReservedWord &&
    ![
      compiler.SyntaxKind.ThisKeyword,
      compiler.SyntaxKind.SuperKeyword,
      compiler.SyntaxKind.TrueKeyword,
      compiler.SyntaxKind.FalseKeyword,
      compiler.SyntaxKind.NullKeyword,
    ].includes(token)
  )
}

function commandEnd(text: string, start: number): { end: number; lines: number } {
  let end = start
  for (let lines = 1; ; lines++) {
    const newline = text.indexOf('\n', end)
    end = newline < 0 ? text.length : newline
    const line = text.slice(start, end).replace(/\r$/, '')
    if (newline < 0 || !line.endsWith('\\')) return { end, lines }
    end = newline + 1
  }
}
