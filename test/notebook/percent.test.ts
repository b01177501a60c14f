import { expect, test } from 'vitest'
import type { Cell } from '../../src/notebook/nbformat.js'
import { notebookToPercent } from '../../src/notebook/percent.js'

test('a marker before each cell, text as comments, code as given', () => {
  const cells: Cell[] = [
    { cell_type: 'markdown', id: 'a', metadata: {}, source: '# Cat\n\nsoft' },
    { cell_type: 'code', id: 'b', metadata: { tags: ['parameters'] }, source: 'x', execution_count: null, outputs: [] },
    { cell_type: 'raw', id: 'c', metadata: {}, source: '<b>' },
    { cell_type: 'code', id: 'd', metadata: {}, source: '', execution_count: null, outputs: [] },
  ]
  expect(notebookToPercent({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }, ['let x\n', ''])).toBe(
    '// %% [markdown]\n// # Cat\n//\n// soft\n\n// %% tags=["parameters"]\nlet x\n\n// %% [raw]\n// <b>\n\n// %%\n',
  )
})
