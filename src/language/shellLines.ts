import ts from 'typescript'

/** A `!` line as TypeScript. The call keeps the line's number, and a continued command leaves its empty lines. */
const shellCall = (command: string, lines: number) =>
  `await __run.shell(${JSON.stringify(command)});${'\n'.repeat(lines - 1)}`

/**
 * Cell text with every line that begins with `!` turned into a shell call; line numbers stay.
 * A line inside a template, a comment, brackets or an unfinished expression is left alone. A trailing backslash
 * continues the command on the next line, as in a shell.
 */
export function replaceShellLines(text: string): string {
  if (!/^!/m.test(text)) return text
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text)
  /** open brackets; `${` is a template's, which its `}` goes on with */
  const open: string[] = []
  let previous: ts.SyntaxKind | undefined
  let result = ''
  let copied = 0
  for (;;) {
    let token = scanner.scan()
    if (token === ts.SyntaxKind.EndOfFileToken) break
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
      result += text.slice(copied, start) + shellCall(command, lines)
      copied = end
      scanner.resetTokenState(end)
      previous = undefined
      continue
    }
    if (
      (token === ts.SyntaxKind.SlashToken || token === ts.SyntaxKind.SlashEqualsToken) &&
      expectsOperand(previous, true)
    ) {
      token = scanner.reScanSlashToken()
    } else if (token === ts.SyntaxKind.CloseBraceToken && open.at(-1) === '${') {
      token = scanner.reScanTemplateToken(false)
      if (token === ts.SyntaxKind.TemplateTail) open.pop()
    } else if (token === ts.SyntaxKind.TemplateHead) {
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

const opens = new Set([ts.SyntaxKind.OpenParenToken, ts.SyntaxKind.OpenBraceToken, ts.SyntaxKind.OpenBracketToken])
const closes = new Set([ts.SyntaxKind.CloseParenToken, ts.SyntaxKind.CloseBraceToken, ts.SyntaxKind.CloseBracketToken])

/** Whether an expression must go on after this token, so that what follows begins no statement (or is a regular expression). */
function expectsOperand(token: ts.SyntaxKind | undefined, slash = false): boolean {
  if (token === undefined) return slash
  if (slash && (opens.has(token) || token === ts.SyntaxKind.SemicolonToken || token === ts.SyntaxKind.CloseBraceToken))
    return true
  if (token === ts.SyntaxKind.SemicolonToken || closes.has(token)) return false
  if (token === ts.SyntaxKind.PlusPlusToken || token === ts.SyntaxKind.MinusMinusToken) return false
  if (slash && isKeywordBeforeOperand(token)) return true
  return (
    (token >= ts.SyntaxKind.FirstPunctuation && token <= ts.SyntaxKind.LastPunctuation) ||
    token === ts.SyntaxKind.TemplateMiddle ||
    token === ts.SyntaxKind.TemplateHead
  )
}

function isKeywordBeforeOperand(token: ts.SyntaxKind): boolean {
  return (
    token >= ts.SyntaxKind.FirstReservedWord &&
    token <= ts.SyntaxKind.LastReservedWord &&
    ![
      ts.SyntaxKind.ThisKeyword,
      ts.SyntaxKind.SuperKeyword,
      ts.SyntaxKind.TrueKeyword,
      ts.SyntaxKind.FalseKeyword,
      ts.SyntaxKind.NullKeyword,
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
