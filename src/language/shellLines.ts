import type ts from 'typescript'
import compiler from './compiler.js'

/**
 * Cell text with every line that begins with `!` turned into a shell call, or into what `replacement` makes of it.
 * A line inside a template, a comment, brackets or an unfinished expression is left alone. A trailing backslash
 * continues the command on the next line, as in a shell.
 */
export function replaceShellLines(text: string, replacement: (lines: string) => string = shellCall): string {
  if (!/^!/m.test(text)) return text
  const scanner = compiler.createScanner(compiler.ScriptTarget.Latest, true, compiler.LanguageVariant.Standard, text)
  /** open brackets; `${` is a template's, which its `}` goes on with */
  const open: string[] = []
  let previous: ts.SyntaxKind | undefined
  let result = ''
  let copied = 0
  for (;;) {
    let token = scanner.scan()
    if (token === compiler.SyntaxKind.EndOfFileToken) break
    const start = scanner.getTokenStart()
    if (
      text[start] === '!' &&
      (start === 0 || text[start - 1] === '\n') &&
      open.length === 0 &&
      !expectsOperand(previous)
    ) {
      const end = commandEnd(text, start)
      result += text.slice(copied, start) + replacement(text.slice(start, end))
      copied = end
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
  return result + text.slice(copied)
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

/** The call keeps the line's number, and a continued command leaves its empty lines. */
function shellCall(lines: string): string {
  const command = lines
    .slice(1)
    .replace(/\\\r?\n/g, '')
    .trim()
  return `await __run.shell(${JSON.stringify(command)});${'\n'.repeat(lines.split('\n').length - 1)}`
}

function commandEnd(text: string, start: number): number {
  for (let end = start; ; end++) {
    const newline = text.indexOf('\n', end)
    end = newline < 0 ? text.length : newline
    const line = text.slice(start, end).replace(/\r$/, '')
    if (newline < 0 || !line.endsWith('\\')) return end
  }
}
