import { expect, test } from 'vitest'
import { notebookToIpynb } from '../../src/notebook/ipynb.js'
import { parseNotebook } from '../../src/notebook/parse.js'
import { valid } from './schema.js'

test('a notebook of another kernel becomes one of this, with all that it shows', () => {
  const progress = { 'application/vnd.sdnb.progress+json': { step: 1 }, 'text/plain': 'Denoising: 1/1' }
  const notebook = parseNotebook(
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 9,
      metadata: {
        kernelspec: { name: 'python3', display_name: 'Python' },
        language_info: { name: 'python' },
        title: 'T',
      },
      cells: [
        { cell_type: 'markdown', source: 'a\nb', metadata: {}, attachments: { 'a.png': { 'image/png': 'AAAA' } } },
        {
          ...{ cell_type: 'code', source: '1', metadata: { tags: ['x'] }, execution_count: 1 },
          outputs: [{ output_type: 'display_data', data: progress, metadata: {} }],
        },
        { cell_type: 'raw', source: 'r', metadata: { format: 'text/html' } },
      ],
    }),
  )
  const written = JSON.parse(notebookToIpynb(notebook))
  expect(valid(written), JSON.stringify(valid.errors)).toBe(true)
  expect(written).toMatchObject({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'sdnb', language: 'typescript' },
      language_info: { name: 'typescript' },
      title: 'T',
    },
  })
  expect(written.cells[0]).toMatchObject({ source: ['a\n', 'b'], attachments: { 'a.png': { 'image/png': 'AAAA' } } })
  expect(written.cells[1].outputs[0].data).toEqual({ ...progress, 'text/plain': ['Denoising: 1/1'] })
})
