import type ts from 'typescript'

/** A line that begins with `!`, with those it is continued on: from the `!` to before the last line's end. */
export interface ShellLine {
  start: number
  end: number
  command: string
  lines: number
}

/**
 * The `!` lines of a cell. A line inside a template, a comment, brackets or an unfinished expression is none.
 * A trailing backslash continues the command on the next line, as in a shell.
 * @param compiler whichever TypeScript is at hand: the plugin of VS Code's TypeScript server has no other than that server's
 */
export function scanShellLines(compiler: typeof ts, text: string): ShellLine[] {
  const found: ShellLine[] = []
  if (!/^!/m.test(text)) return found
  const { SyntaxKind } = compiler
  const scanner = compiler.createScanner(compiler.ScriptTarget.Latest, true, compiler.LanguageVariant.Standard, text)
  /** open brackets; `${` is a template's, which its `}` goes on with */
  const open: string[] = []
  let previous: ts.SyntaxKind | undefined
  for (;;) {
    let token = scanner.scan()
    if (token === SyntaxKind.EndOfFileToken) return found
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
    if (isSlash(token) && expectsOperand(previous, true)) {
      token = scanner.reScanSlashToken()
    } else if (token === SyntaxKind.CloseBraceToken && open.at(-1) === '${') {
      token = scanner.reScanTemplateToken(false)
      if (token === SyntaxKind.TemplateTail) open.pop()
    } else if (token === SyntaxKind.TemplateHead) {
      open.push('${')
    } else if (opens(token)) {
      open.push('(')
    } else if (closes(token)) {
      open.pop()
    }
    previous = token
  }

  function isSlash(token: ts.SyntaxKind): boolean {
    return token === SyntaxKind.SlashToken || token === SyntaxKind.SlashEqualsToken
  }

  function opens(token: ts.SyntaxKind): boolean {
    return [SyntaxKind.OpenParenToken, SyntaxKind.OpenBraceToken, SyntaxKind.OpenBracketToken].includes(token)
  }

  function closes(token: ts.SyntaxKind): boolean {
    return [SyntaxKind.CloseParenToken, SyntaxKind.CloseBraceToken, SyntaxKind.CloseBracketToken].includes(token)
  }

  /** Whether an expression must go on after this token, so that what follows begins no statement (or is a regular expression). */
  function expectsOperand(token: ts.SyntaxKind | undefined, slash = false): boolean {
    if (token === undefined) return slash
    if (slash && (opens(token) || token === SyntaxKind.SemicolonToken || token === SyntaxKind.CloseBraceToken))
      return true
    if (token === SyntaxKind.SemicolonToken || closes(token)) return false
    if (token === SyntaxKind.PlusPlusToken || token === SyntaxKind.MinusMinusToken) return false
    if (slash && isKeywordBeforeOperand(token)) return true
    return (
      (token >= SyntaxKind.FirstPunctuation && token <= SyntaxKind.LastPunctuation) ||
      token === SyntaxKind.TemplateMiddle ||
      token === SyntaxKind.TemplateHead
    )
  }

  function isKeywordBeforeOperand(token: ts.SyntaxKind): boolean {
    return (
      token >= SyntaxKind.FirstReservedWord &&
      token <= SyntaxKind.LastReservedWord &&
      ![
        SyntaxKind.ThisKeyword,
        SyntaxKind.SuperKeyword,
        SyntaxKind.TrueKeyword,
        SyntaxKind.FalseKeyword,
        SyntaxKind.NullKeyword,
      ].includes(token)
    )
  }
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
