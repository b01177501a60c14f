import { MarkdownString } from 'vscode'

/** What a package's comments say is shown, and never trusted: no commands, no HTML. */
export function untrusted(markdown: string): MarkdownString {
  const text = new MarkdownString(markdown)
  text.isTrusted = false
  text.supportHtml = false
  return text
}
