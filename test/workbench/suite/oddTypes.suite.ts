import { strict as assert } from 'node:assert'
import { suite, test } from 'mocha'
import * as vscode from 'vscode'
import { serialiseNotebook } from '../../../src/notebook/serialise.js'
import { until } from './notebook.js'

suite('an output of a type that VS Code writes otherwise', () => {
  test('is saved byte for byte when another cell has run', async () => {
    const data = { 'Application/X; y=1': { b: 1, a: [2] }, 'text/plain': 'odd' }
    const cell = (id: string, source: string) => ({
      ...{ cell_type: 'code' as const, id, metadata: {}, source, execution_count: null },
    })
    const odd = { ...cell('odd', '1'), outputs: [{ output_type: 'display_data' as const, data, metadata: {} }] }
    const file = (...outputs: { output_type: 'stream'; name: 'stdout'; text: string }[]) =>
      serialiseNotebook({
        ...{ nbformat: 4, nbformat_minor: 5, metadata: {} },
        cells: [odd, { ...cell('other', 'console.log("ran")'), outputs }],
      })
    const [folder] = vscode.workspace.workspaceFolders!
    const uri = vscode.Uri.joinPath(folder.uri, 'odd.sdnb')
    await vscode.workspace.fs.writeFile(uri, Buffer.from(file()))
    const notebook = await vscode.workspace.openNotebookDocument(uri)
    await vscode.window.showNotebookDocument(notebook)
    const other = { ranges: [{ start: 1, end: 2 }], document: uri }
    await vscode.commands.executeCommand('notebook.cell.execute', other)
    await until(() => notebook.cellAt(1).executionSummary?.success)
    assert.ok(await notebook.save())
    const saved = (await vscode.workspace.fs.readFile(uri)).toString()
    assert.equal(saved, file({ output_type: 'stream', name: 'stdout', text: 'ran\n' }))
  })
})
