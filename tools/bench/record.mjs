/** A Markdown text in which the section of this title, or the place for it, has this body. */
export function recorded(markdown, title, body) {
  const heading = `## ${title}\n`
  const start = markdown.indexOf(`\n${heading}`) + 1
  if (start === 0)
    throw new Error(`expected a section "${title}" in BENCHMARKS.md: write its heading where it shall stand`)
  const next = markdown.indexOf('\n## ', start)
  const rest = next === -1 ? '' : markdown.slice(next)
  return `${markdown.slice(0, start)}${heading}\n${body.trimEnd()}\n${rest}`
}
