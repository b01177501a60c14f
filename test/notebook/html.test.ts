import { expect, test } from 'vitest'
import { notebookToHtml } from '../../src/notebook/html.js'
import type { Cell, Notebook, Output } from '../../src/notebook/nbformat.js'

const notebook = (...cells: Cell[]): Notebook => ({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells })
const markdown = (source: string, attachments?: Record<string, Record<string, unknown>>): Cell => ({
  cell_type: 'markdown',
  id: 'm',
  metadata: {},
  source,
  attachments,
})
const code = (source: string, ...outputs: Output[]): Cell => ({
  cell_type: 'code',
  id: 'c',
  metadata: {},
  source,
  execution_count: 7,
  outputs,
})
const display = (data: Record<string, unknown>, metadata = {}): Output => ({
  output_type: 'display_data',
  data,
  metadata,
})
const html = (...cells: Cell[]) => notebookToHtml(notebook(...cells))

/** 1×1 PNG, and what its header would say of 384×128. */
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

test('the title is the first heading', () => {
  expect(html(markdown('words'), markdown('# A `car`\n\nx'))).toContain('<title>A car</title>')
})

test('nothing that a cell says becomes a tag or a script', () => {
  const evil = '<script>alert(1)</script>'
  const page = html(
    markdown(`# ${evil}\n\n${evil} [x](javascript:alert(1)) ![${evil}](https://example.org/a.png)`),
    code(`const a = '${evil}'`, { output_type: 'stream', name: 'stdout', text: evil }, display({ 'text/plain': evil })),
    code('', { output_type: 'error', ename: evil, evalue: evil, traceback: [] }),
    code(
      '',
      display({ 'text/html': `${evil}"'` }),
      display({ 'image/png': `${dot}"><script>`, 'text/plain': `">${evil}` }),
    ),
    { cell_type: 'raw', id: 'r', metadata: {}, source: evil },
  )
  expect(page).not.toContain('<script')
  expect(page).not.toContain('href="javascript')
})

test('the page asks for nothing outside itself', () => {
  const page = html(markdown('![far](https://example.org/a.png) and <https://example.org>'), code('1'))
  expect(page).toContain("default-src 'none'")
  expect(page).not.toMatch(/<(link|script|img|iframe)[^>]+(src|href)="?http/)
  expect(page).toContain('<a href="https://example.org/a.png">far</a>')
})

test('a picture stands in its real size', () => {
  expect(html(code('', display({ 'image/png': dot, 'text/plain': 'Image 1×1' })))).toContain(
    `<img src="data:image/png;base64,${dot}" alt="Image 1×1" width="1" height="1">`,
  )
  const told = display({ 'image/jpeg': 'AAAA' }, { 'image/jpeg': { width: 64, height: 32 } })
  expect(html(code('', told))).toContain('alt="picture" width="64" height="32"')
})

test('what a picture tells of itself beside its PNG is not shown', () => {
  const data = { 'application/vnd.sdnb.image+json': { version: 1 }, 'image/png': dot, 'text/plain': 'Image 1×1' }
  expect(html(code('', display(data)))).toBe(html(code('', display({ 'image/png': dot, 'text/plain': 'Image 1×1' }))))
})

test('an attached picture is shown from the cell', () => {
  expect(html(markdown('![a](attachment:a%20b.png)', { 'a b.png': { 'image/png': dot } }))).toContain(
    `<img src="data:image/png;base64,${dot}" alt="a">`,
  )
})

test('HTML output is caged in a frame without scripts', () => {
  expect(html(code('', display({ 'text/html': '<b>bold</b>', 'text/plain': 'bold' })))).toMatch(
    /<iframe sandbox title="output" srcdoc="[^"]*&lt;b&gt;bold&lt;\/b&gt;"><\/iframe>/,
  )
})

test('code is coloured as TypeScript, a line with ! as the shell', () => {
  const page = html(code('!npm install x\nconst a: number = 1'))
  expect(page).toContain('<span class="shell">!</span>npm install x')
  expect(page).toContain('<span class="hljs-keyword">const</span>')
  expect(page).toContain('>7</div>')
})

test('a terminal’s colours stay, and a line written over shows its last text', () => {
  const text = '\u001b[31mred\u001b[0m plain\n 5 %\r10 %\r\n'
  expect(html(code('', { output_type: 'stream', name: 'stdout', text }))).toContain(
    '<pre class="stream stdout"><span style="color:var(--ansi-red)">red</span> plain\n10 %</pre>',
  )
})

test('progress is one line with its last text', () => {
  const report = { step: 51, total: 51, done: true }
  const data = { 'application/vnd.sdnb.progress+json': report, 'text/plain': 'Denoising 51/51' }
  expect(html(code('', display(data)))).toContain(
    '<div class="progress done"><span class="bar"><span style="width:100%"></span></span>Denoising 51/51</div>',
  )
})

test('lines in arrays, as nbformat allows, are joined', () => {
  const stream: Output = { output_type: 'stream', name: 'stdout', text: ['a\n', 'b\n'] }
  const page = html({ ...code('', stream), source: ['x\n', 'y'] } as Cell)
  expect(page).toContain('<code>x\ny</code>')
  expect(page).toContain('a\nb</pre>')
})
