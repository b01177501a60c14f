/** A fenced code block, its fence longer than any run of backticks inside (CommonMark 0.31, section 4.5). */
export function fenced(text: string, language: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return `${fence}${language}\n${text.replace(/\n+$/, '')}\n${fence}`
}

/** HTML as one HTML block, which an empty line would end (CommonMark 0.31, section 4.6); `undefined` for a page of its own. */
export function htmlBlock(html: string): string | undefined {
  if (/^\s*<(!doctype|html|head|body)\b/i.test(html)) return undefined
  const [rawText, emptyLine] = [/(<(?:style|script)\b[\s\S]*?<\/(?:style|script)\s*>)/i, /\n(?:[^\S\n]*\n)+/g]
  const parts = html
    .trim()
    .split(rawText)
    // in text a line break may be spelled, so that the lines of a <pre> stay
    .map((part, index) =>
      part.replace(emptyLine, lines => (index % 2 ? '\n' : `\n${'&#10;'.repeat(lines.split('\n').length - 2)}`)),
    )
  return `<div>\n${parts.join('')}\n</div>`
}

/** Mathematics as a block of its own, whatever marks it came with; text with mathematics in it stays. */
export function mathBlock(latex: string): string {
  const [, , marked] = /^\s*(\$\$?|\\\[|\\\()([\s\S]*?)(?:\$\$?|\\\]|\\\))\s*$/.exec(latex) ?? []
  const formula = marked ?? latex
  if (/(?<!\\)\$/.test(formula)) return latex
  return `$$\n${formula.trim().replace(/\n\s*\n/g, '\n')}\n$$`
}

/** One line of plain words, for a picture's alternative text. */
export function altText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\[\]`*_<>!]/g, '\\$&')
}
