import { expect, test } from 'vitest'
import type { Notebook } from '../../src/notebook/nbformat.js'
import { notebookFile, serialiseNotebook } from '../../src/notebook/serialise.js'

const notebookWith = (first: unknown, second: unknown): Notebook => ({
  ...{ nbformat: 4, nbformat_minor: 5, metadata: {} },
  cells: [
    {
      ...{ cell_type: 'code', id: 'one', metadata: {}, source: '“…”', execution_count: null },
      outputs: [
        { output_type: 'display_data', data: { 'text/plain': 'ä\n', 'image/png': first }, metadata: {} },
        { output_type: 'display_data', data: { 'image/jpeg': second, 'application/pdf': 'AA\n' }, metadata: {} },
      ],
    },
  ],
})

test('bytes in outputs are written as the base64 that stands for them', () => {
  const part = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)
  const text = serialiseNotebook(notebookWith('AQID', '/w=='))
  expect(text).toContain('"image/png": "AQID",\n')
  const withBytes = notebookWith(part, Buffer.from([255]))
  expect(serialiseNotebook(withBytes)).toBe(text)
  expect(notebookFile(withBytes).toString()).toBe(text)
  expect(notebookFile(notebookWith('AQID', '/w==')).toString()).toBe(text)
})
