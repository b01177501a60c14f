import { strict as assert } from 'node:assert'
import { suite, test } from 'mocha'
import * as vscode from 'vscode'
import { notebookOf, run, textOf } from './notebook.js'

suite('running cells', () => {
  test('a cell prints, and the next one knows its names', async () => {
    const notebook = await notebookOf('const answer = 6 * 7\nconsole.log(answer)', 'answer + 1')
    await run(notebook)
    assert.equal(textOf(notebook.cellAt(0)), '42\n')
    assert.equal(textOf(notebook.cellAt(1)), '43')
    assert.equal(notebook.cellAt(1).executionSummary?.success, true)
    assert.equal(notebook.cellAt(1).executionSummary?.executionOrder, 2)
  })

  test('an error ends Run All, and marks the line', async () => {
    const notebook = await notebookOf('1\nnull!.x', '2')
    await run(notebook)
    assert.equal(notebook.cellAt(0).executionSummary?.success, false)
    assert.equal(notebook.cellAt(1).executionSummary?.success, undefined)
    const [problem] = vscode.languages.getDiagnostics(notebook.cellAt(0).document.uri)
    assert.equal(problem?.range.start.line, 1)
  })
})
