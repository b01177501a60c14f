import { strict as assert } from 'node:assert'
import { suite, test } from 'mocha'
import * as vscode from 'vscode'
import { notebookOf, run, textOf, until } from './notebook.js'

suite('a pasted cell', () => {
  test('has an id of its own, and both run', async () => {
    const notebook = await notebookOf('console.log("here")')
    await vscode.commands.executeCommand('notebook.cell.copy')
    await vscode.commands.executeCommand('notebook.cell.paste')
    await until(() => notebook.cellCount === 2)
    const ids = () => notebook.getCells().map(({ metadata }) => metadata.id)
    await until(() => ids()[1] && ids()[0] !== ids()[1])
    assert.ok(ids().includes('cell-0'))
    await run(notebook)
    assert.deepEqual(notebook.getCells().map(textOf), ['here\n', 'here\n'])
    assert.ok(await notebook.save())
    const { cells } = JSON.parse((await vscode.workspace.fs.readFile(notebook.uri)).toString())
    assert.deepEqual(
      cells.map(({ id }: { id: string }) => id),
      ids(),
    )
  })
})
