import { type Cell, joined, type Notebook } from './nbformat.js'

/**
 * TypeScript in the percent format, whose cells VS Code and Jupytext read: a line `// %%` begins each, and what is no code is a comment.
 * @param code for each code cell what stands in place of its source
 */
export function notebookToPercent({ cells }: Notebook, code: string[]): string {
  const rest = code.values()
  const blocks = cells.map(cell => {
    const body = cell.cell_type === 'code' ? rest.next().value! : commented(joined(cell.source))
    return `${marker(cell)}\n${body}`.trimEnd()
  })
  return `${blocks.join('\n\n')}\n`
}

function marker({ cell_type, metadata }: Cell): string {
  const { tags } = metadata
  const type = cell_type === 'code' ? '' : ` [${cell_type}]`
  return `// %%${type}${Array.isArray(tags) && tags.length ? ` tags=${JSON.stringify(tags)}` : ''}`
}

/** Every line a comment. */
export function commented(text: string): string {
  return text.replace(/^.*$/gm, line => `// ${line}`.trimEnd())
}
