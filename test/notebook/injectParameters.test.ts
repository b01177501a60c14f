import { expect, test } from 'vitest'
import { injectParameters, parametersSource } from '../../src/notebook/injectParameters.js'
import type { CodeCell, Notebook } from '../../src/notebook/nbformat.js'

const cell = (source: string, ...tags: string[]): CodeCell => ({
  cell_type: 'code',
  id: source,
  metadata: tags.length ? { tags } : {},
  source,
  execution_count: null,
  outputs: [],
})
const notebook = (...cells: CodeCell[]): Notebook => ({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells })
const sources = (notebook: Notebook) => notebook.cells.map(cell => cell.source)

test('new values stand after the cell tagged parameters', () => {
  const injected = injectParameters(notebook(cell('a'), cell('p', 'parameters'), cell('b')), 'new')
  expect(sources(injected)).toEqual(['a', 'p', 'new', 'b'])
  expect(injected.cells[2]).toMatchObject({ id: 'injected-parameters', metadata: { tags: ['injected-parameters'] } })
})

test('without such a cell they stand at the top', () => {
  expect(sources(injectParameters(notebook(cell('a')), 'new'))).toEqual(['new', 'a'])
})

test('they replace the values of an earlier run, where those stand', () => {
  const before = notebook(cell('p', 'parameters'), cell('a'), cell('old', 'injected-parameters'), cell('b'))
  expect(sources(injectParameters(before, 'new'))).toEqual(['p', 'a', 'new', 'b'])
  expect(sources(before)).toEqual(['p', 'a', 'old', 'b'])
})

test('an id that is taken is not taken twice', () => {
  const injected = injectParameters(notebook(cell('injected-parameters')), 'new')
  expect(injected.cells.map(cell => cell.id)).toEqual(['injected-parameters-2', 'injected-parameters'])
})

test('the declarations are those of the cell tagged parameters', () => {
  expect(parametersSource(notebook(cell('a'), cell('p', 'parameters')))).toBe('p')
  expect(parametersSource(notebook(cell('a')))).toBeUndefined()
})
