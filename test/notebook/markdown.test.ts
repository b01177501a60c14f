import MarkdownIt from 'markdown-it'
import { expect, test } from 'vitest'
import { notebookToMarkdown } from '../../src/notebook/markdown.js'
import type { Cell, MimeBundle, Output } from '../../src/notebook/nbformat.js'

const files = (...cells: Cell[]) =>
  notebookToMarkdown({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }, 'my cat')
const text = (...cells: Cell[]) => files(...cells).text
const code = (source: string, ...outputs: Output[]): Cell => ({
  ...{ cell_type: 'code', id: 'c', metadata: {}, source, execution_count: 7, outputs },
})
const shown = (data: MimeBundle) => text(code('', { output_type: 'display_data', data, metadata: {} }))
const printed = (text: string): Output => ({ output_type: 'stream', name: 'stdout', text })

test('text as it is, code in a fence, what it printed without colours', () => {
  const heading: Cell = { cell_type: 'markdown', id: 'm', metadata: {}, source: ['# Cat\n', '\n', '*soft*\n'] }
  expect(text(heading, code('!ls\na'), code('b', printed('\u001b[31mred\u001b[0m\n 5 %\r10 %\n')))).toBe(
    '# Cat\n\n*soft*\n\n```ts\n!ls\na\n```\n\n```ts\nb\n```\n\n```text\nred\n10 %\n```\n',
  )
})

test('a fence is longer than any inside', () => {
  expect(text(code('`a`\n````\nb'))).toBe('`````ts\n`a`\n````\nb\n`````\n')
})

test('an error is its traceback', () => {
  const error: Output = {
    output_type: 'error',
    ename: 'TypeError',
    evalue: 'no',
    traceback: ['\u001b[1mTypeError: no\u001b[0m', '  at'],
  }
  expect(text(code('', error))).toBe('```text\nTypeError: no\n  at\n```\n')
  expect(text(code('', { ...error, traceback: [] }))).toBe('```text\nTypeError: no\n```\n')
})

test('pictures are files named by cell and output, their text the alternative', () => {
  const details = { 'application/vnd.sdnb.image+json': { version: 1 } }
  const png = { ...details, 'image/png': 'iVBORw==\n', 'text/plain': 'Image [1×1]' }
  const svg = { 'image/svg+xml': ['<svg', '/>'] }
  const output = (data: MimeBundle): Output => ({ output_type: 'display_data', data, metadata: {} })
  const { text, pictures } = files(code(''), code('', printed('x'), output(png), output(svg)))
  expect(text).toBe(
    '```text\nx\n```\n\n![Image \\[1×1\\]](my%20cat_files/my%20cat_1_1.png)\n\n![picture](my%20cat_files/my%20cat_1_2.svg)\n',
  )
  expect(pictures).toEqual([
    { path: 'my cat_files/my cat_1_1.png', bytes: Buffer.from([0x89, 0x50, 0x4e, 0x47]) },
    { path: 'my cat_files/my cat_1_2.svg', bytes: Buffer.from('<svg/>') },
  ])
})

test('attached pictures are files too', () => {
  const source = '![a](attachment:a%20b.png) <img src="attachment:a%20b.png.png">'
  const attachments = { 'a b.png': { 'image/png': 'AAAA' }, 'a b.png.png': { 'image/png': 'BBBB' } }
  const { text, pictures } = files({ cell_type: 'markdown', id: 'm', metadata: {}, source, attachments })
  expect(text).toBe('![a](my%20cat_files/my%20cat_0_0.png) <img src="my%20cat_files/my%20cat_0_1.png">\n')
  expect(pictures.map(({ bytes }) => Buffer.from(bytes).toString('base64'))).toEqual(['AAAA', 'BBBB'])
})

test('the richest type that Markdown shows', () => {
  expect(shown({ 'text/markdown': '**b**', 'text/html': '<b>b</b>', 'text/plain': 'b' })).toBe('**b**\n')
  expect(shown({ 'text/html': '<b>b</b>', 'text/plain': 'b' })).toBe('<div>\n<b>b</b>\n</div>\n')
  expect(shown({ 'text/html': '<!doctype html><p>a', 'text/plain': 'a' })).toBe('```text\na\n```\n')
  expect(shown({ 'application/json': { a: 1 } })).toBe('```json\n{\n  "a": 1\n}\n```\n')
  const progress = { 'application/vnd.sdnb.progress+json': { step: 1 }, 'text/plain': 'Denoising: 51/51' }
  expect(shown(progress)).toBe('```text\nDenoising: 51/51\n```\n')
})

test.for(['x^2', '$x^2$', '$$x^2$$', '\\[x^2\\]', '\\(\nx^2 \\)'])('LaTeX %s is a block of mathematics', latex => {
  expect(shown({ 'text/latex': latex })).toBe('$$\nx^2\n$$\n')
})

test('LaTeX between words stays', () => {
  expect(shown({ 'text/latex': '$a$ and $b$' })).toBe('$a$ and $b$\n')
})

test('an empty line in HTML ends no block, and a line of a <pre> stays', () => {
  const page = MarkdownIt({ html: true }).render(
    shown({ 'text/html': '<pre>a\n\n\n    _b_</pre>\n\n<i>\n\n    *c*</i>' }),
  )
  expect(page.replaceAll('&#10;', '\n')).toBe('<div>\n<pre>a\n\n\n    _b_</pre>\n\n<i>\n\n    *c*</i>\n</div>\n')
})

test('raw cells for Markdown, HTML or nothing special are kept, others left out', () => {
  const raw = (source: string, metadata = {}): Cell => ({ cell_type: 'raw', id: 'r', metadata, source })
  const cells = [raw('a'), raw('b', { format: 'text/html' }), raw('c', { raw_mimetype: 'text/latex' })]
  expect(text(...cells, raw('d', { raw_mimetype: 'text/Markdown' }))).toBe('a\n\nb\n\nd\n')
})
