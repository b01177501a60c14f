import { describe, expect, test } from 'vitest'
import { NotebookError, parseNotebook } from '../../src/notebook/parse.js'
import { serialiseNotebook } from '../../src/notebook/serialise.js'
import { valid } from './schema.js'

const notebook = (...cells: object[]) => JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells })
const code = (source: string | string[], more: object = {}) => ({
  cell_type: 'code',
  metadata: {},
  source,
  execution_count: null,
  outputs: [],
  ...more,
})

/** nbformat 4.0, as other tools write it: no ids, sources as lists, metadata of their own. */
const foreign = JSON.stringify({
  cells: [
    {
      cell_type: 'markdown',
      source: ['# Title\n', 'text'],
      metadata: { slideshow: { slide_type: 'skip' } },
      attachments: { 'a.png': { 'image/png': 'AAAA' } },
    },
    code(['a = 1\n', 'a'], {
      execution_count: 3,
      outputs: [
        { output_type: 'stream', name: 'stdout', text: ['one\n', 'two'] },
        {
          output_type: 'execute_result',
          execution_count: 3,
          metadata: {},
          data: {
            'text/plain': ['x\n', 'y'],
            'application/vnd.other+json': { b: [1], a: 2 },
            'image/svg+xml': '<svg>\n</svg>',
          },
        },
        { output_type: 'display_data', metadata: { 'image/png': { width: 5 } }, data: { 'image/png': 'AAAA' } },
        { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['E: v'] },
      ],
    }),
    { cell_type: 'raw', source: 'raw', metadata: { format: 'text/html' }, vscode: { languageId: 'raw' } },
  ],
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3' }, orig_nbformat: 4, mine: { z: 1, a: 2 } },
  nbformat: 4,
  nbformat_minor: 0,
})

describe('reading', () => {
  test('a source is one string, whether the file has a string or a list', () => {
    const { cells } = parseNotebook(notebook(code(['a\n', 'b']), code('a\nb')))
    expect(cells.map(({ source }) => source)).toEqual(['a\nb', 'a\nb'])
  })

  test('metadata, attachments and MIME types that are not known here are kept', () => {
    const { cells, metadata } = parseNotebook(foreign)
    expect(metadata.mine).toEqual({ z: 1, a: 2 })
    expect(cells[0]).toMatchObject({
      metadata: { slideshow: { slide_type: 'skip' } },
      attachments: { 'a.png': { 'image/png': 'AAAA' } },
    })
    expect(cells[1]).toMatchObject({
      outputs: [{}, { data: { 'application/vnd.other+json': { b: [1], a: 2 } } }, {}, {}],
    })
    expect(cells[2].metadata).toEqual({ format: 'text/html', vscode: { languageId: 'raw' } })
  })

  test('a missing id is derived: the same each time, another for each cell', () => {
    const ids = () => parseNotebook(notebook(code('a'), code('a'))).cells.map(({ id }) => id)
    expect(ids()).toEqual(ids())
    expect(new Set(ids()).size).toBe(2)
    expect(ids()[0]).toMatch(/^[0-9a-f]{8}$/)
  })

  test('an id that is given stays, unless it is another cell’s or not allowed', () => {
    const { cells } = parseNotebook(
      notebook(code('a', { id: 'mine' }), code('b', { id: 'mine' }), code('c', { id: 'no spaces' })),
    )
    expect(cells[0].id).toBe('mine')
    expect(cells[1].id).not.toBe('mine')
    expect(cells[2].id).toMatch(/^[0-9a-f]{8}$/)
  })

  test.each([
    ['', 'the file is empty'],
    [' \n', 'the file is empty'],
    ['{\n  "cells": [\n    {,\n', 'no JSON: value expected (line 3, column 6)'],
    ['{"cells": [', 'no JSON: close bracket expected (line 1, column 12)'],
    ['{"a": "b\n"}', 'no JSON: unexpected end of string (line 1, column 7)'],
    ['{"a": 1}}', 'no JSON: end of file expected (line 1, column 9)'],
    ['{"a": 1 "b": 2}', 'no JSON: comma expected (line 1, column 9)'],
    ['<<<<<<< HEAD\n{}', 'no JSON: invalid symbol (line 1, column 1)'],
    ['[]', 'expected a notebook, a JSON object, got a list'],
    ['{}', 'nbformat: expected 4, got nothing: this is no notebook'],
    ['{"nbformat": 3}', 'nbformat: expected 4, got 3: Jupyter can convert the notebook'],
    ['{"nbformat": 4}', 'cells: expected a list, got nothing'],
    [
      notebook({ cell_type: 'code', source: 5 }),
      'cells[0].source: expected a string or a list of strings, got a number',
    ],
    [notebook({ cell_type: 'heading' }), 'cells[0].cell_type: expected code, markdown or raw, got "heading"'],
  ])('%j is no notebook, and the error says why', (text, message) => {
    expect(() => parseNotebook(text)).toThrow(new NotebookError(message))
  })
})

describe('writing', () => {
  test('what is written passes the schema of nbformat 4.5', () => {
    for (const text of [foreign, notebook(), notebook(code('a'), { cell_type: 'markdown', source: '' })]) {
      valid(JSON.parse(serialiseNotebook(parseNotebook(text))))
      expect(valid.errors).toBeNull()
    }
  })

  test('the schema would find a cell without an id', () => {
    expect(valid(JSON.parse(notebook(code('a'))))).toBe(false)
  })

  test('the same notebook gives the same bytes, however its keys were ordered, and again after reading', () => {
    const written = serialiseNotebook(parseNotebook(foreign))
    expect(serialiseNotebook(parseNotebook(written))).toBe(written)
    const { cells, ...rest } = JSON.parse(foreign)
    expect(serialiseNotebook(parseNotebook(JSON.stringify({ ...rest, cells })))).toBe(written)
  })

  test('keys are sorted, one space indents, texts are lists of lines, a line feed ends the file', () => {
    const text = serialiseNotebook(parseNotebook(notebook(code('a\nb', { id: 'one' }))))
    expect(text).toBe(`{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "one",
   "metadata": {},
   "outputs": [],
   "source": [
    "a\\n",
    "b"
   ]
  }
 ],
 "metadata": {
  "kernelspec": {
   "display_name": "SD Notebook",
   "language": "typescript",
   "name": "sdnb"
  },
  "language_info": {
   "file_extension": ".ts",
   "mimetype": "text/x.typescript",
   "name": "typescript"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`)
  })
})
