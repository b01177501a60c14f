import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import json from 'highlight.js/lib/languages/json'
import python from 'highlight.js/lib/languages/python'
import typescript from 'highlight.js/lib/languages/typescript'
import MarkdownIt from 'markdown-it'
import { escapeHtml } from './escapeHtml.js'
import { outputsToHtml } from './htmlOutputs.js'
import { style } from './htmlStyle.js'
import { type Cell, type CodeCell, joined, type Notebook } from './nbformat.js'

/** What the page may load: what stands in it, and nothing else. Sandboxed frames inherit it. */
const contentPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; media-src data:"

/** One HTML page with all that the notebook shows; it loads nothing, runs no script and needs no network. */
export function notebookToHtml(notebook: Notebook): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(titleOf(notebook))}</title>
<style>${style}</style>
</head>
<body>
<main>
${notebook.cells.map(cellToHtml).filter(Boolean).join('\n')}
</main>
</body>
</html>
`
}

for (const [name, language] of Object.entries({ typescript, bash, json, python })) hljs.registerLanguage(name, language)

function titleOf({ cells, metadata }: Notebook): string {
  if (typeof metadata.title === 'string') return metadata.title
  for (const cell of cells) {
    const heading = cell.cell_type === 'markdown' && /^#{1,6}\s+(.+?)\s*#*\s*$/m.exec(joined(cell.source))
    if (heading) return heading[1].replace(/[`*_]/g, '')
  }
  return 'Notebook'
}

function cellToHtml(cell: Cell): string {
  switch (cell.cell_type) {
    case 'markdown':
      return `<section class="text">\n${markdownToHtml(joined(cell.source), cell.attachments)}</section>`
    case 'raw':
      return `<pre class="raw">${escapeHtml(joined(cell.source))}</pre>`
    case 'code':
      return codeCellToHtml(cell)
  }
}

function codeCellToHtml(cell: CodeCell): string {
  const source = joined(cell.source)
  const outputs = outputsToHtml(cell.outputs, markdownToHtml)
  if (!source.trim() && !outputs) return ''
  const label = [cell.metadata.tags].flat().find(tag => tag === 'parameters' || tag === 'injected-parameters')
  return `<section class="code">
<div class="source">
<div class="count" aria-label="execution count">${cell.execution_count ?? ''}</div>
${label ? `<div class="tag">${String(label).replace('-', ' ')}</div>` : ''}<pre><code>${cellCodeToHtml(source)}</code></pre>
</div>
${outputs}</section>`
}

/** TypeScript, with the lines that begin with `!` as the shell's. */
function cellCodeToHtml(source: string): string {
  const runs: { shell: boolean; lines: string[] }[] = []
  for (const line of source.split('\n')) {
    const shell = line.startsWith('!')
    if (runs.at(-1)?.shell === shell) runs.at(-1)!.lines.push(line)
    else runs.push({ shell, lines: [line] })
  }
  const shellLine = (line: string) => `<span class="shell">!</span>${highlighted(line.slice(1), 'bash')}`
  return runs
    .map(({ shell, lines }) => (shell ? lines.map(shellLine).join('\n') : highlighted(lines.join('\n'), 'typescript')))
    .join('\n')
}

function highlighted(code: string, language: string): string {
  const name = hljs.getLanguage(language) && language
  return name ? hljs.highlight(code, { language: name, ignoreIllegals: true }).value : escapeHtml(code)
}

const markdown = MarkdownIt({ html: false, linkify: true, highlight: highlighted })

// A picture elsewhere would need the network, so it becomes a link to it.
markdown.renderer.rules.image = (tokens, index, _options, env: { attachments?: Attachments }) => {
  const token = tokens[index]
  const source = String(token.attrGet('src') ?? '')
  const alt = escapeHtml(token.content)
  const data = source.startsWith('data:') ? source : attached(source, env.attachments)
  return data
    ? `<img src="${escapeHtml(data)}" alt="${alt}">`
    : `<a href="${escapeHtml(source)}">${alt || escapeHtml(source)}</a>`
}

type Attachments = Record<string, Record<string, unknown>>

function attached(source: string, attachments: Attachments = {}): string | undefined {
  if (!source.startsWith('attachment:')) return undefined
  const bundle = attachments[decodeURIComponent(source.slice('attachment:'.length))] ?? {}
  const type = Object.keys(bundle).find(type => type.startsWith('image/'))
  return type && `data:${type};base64,${joined(bundle[type] as string).replace(/\s/g, '')}`
}

function markdownToHtml(source: string, attachments?: Attachments): string {
  return markdown.render(source, { attachments })
}
