import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { suite, suiteTeardown, test } from 'mocha'
import * as vscode from 'vscode'
import { serializer } from '../../../src/extension/serializer.js'
import { serialiseNotebook } from '../../../src/notebook/serialise.js'
import { figure } from '../figures.js'
import { notebookOf, run } from './notebook.js'

suite('saving', () => {
  const set = (name: string, value: unknown) =>
    vscode.workspace.getConfiguration('sdnb.outputs').update(name, value, true)
  suiteTeardown(async () => {
    await set('save', undefined)
    await set('saveExecutionCounts', undefined)
  })

  /** Changes a notebook, saves it, and reads its first cell as the file has it. */
  async function savedCell(notebook: vscode.NotebookDocument) {
    const change = new vscode.WorkspaceEdit()
    change.insert(notebook.cellAt(0).document.uri, new vscode.Position(0, 0), ' ')
    await vscode.workspace.applyEdit(change)
    assert.ok(await notebook.save())
    return JSON.parse((await vscode.workspace.fs.readFile(notebook.uri)).toString()).cells[0]
  }

  test('the settings say what is saved of outputs; counts and times only when asked', async () => {
    const picture = "const { display, Image } = await import('sdnb')\nawait display(new Image(new Uint8Array(3), 1, 1))"
    const notebook = await notebookOf(`${picture}\nconsole.log('text')`)
    await run(notebook)
    const types = ({ outputs }: { outputs: { output_type: string; data?: object }[] }) =>
      outputs.flatMap(({ output_type, data }) => [output_type, ...Object.keys(data ?? {})])
    const cell = await savedCell(notebook)
    assert.deepEqual(types(cell).slice(0, 3), ['display_data', 'application/vnd.sdnb.image+json', 'image/png'])
    assert.deepEqual([cell.execution_count, cell.metadata], [null, {}])
    await set('save', 'no-images')
    assert.deepEqual(types(await savedCell(notebook)), ['display_data', 'text/plain', 'stream'])
    await set('save', 'none')
    assert.deepEqual(types(await savedCell(notebook)), [])
    await set('saveExecutionCounts', true)
    const counted = await savedCell(notebook)
    assert.equal(counted.execution_count, 1)
    assert.deepEqual(Object.keys(counted.metadata.execution), ['iopub.execute_input', 'shell.execute_reply'])
    await set('save', 'all')
  })

  test('40 pictures of 512²: bytes stay, and it does not take long', async () => {
    const [folder] = vscode.workspace.workspaceFolders!
    const uri = vscode.Uri.joinPath(folder.uri, 'forty.sdnb')
    const bytes = Buffer.from(fortyPictures())
    await vscode.workspace.fs.writeFile(uri, bytes)
    const token = new vscode.CancellationTokenSource().token
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      const data = await serializer.deserializeNotebook(bytes, token)
      const start = performance.now()
      const saved = await serializer.serializeNotebook(data, token)
      times.push(performance.now() - start)
      assert.ok(bytes.equals(saved))
    }
    const notebook = await vscode.workspace.openNotebookDocument(uri)
    const start = performance.now()
    await savedCell(notebook)
    const whole = performance.now() - start
    console.log(figure(`40 pictures, ${(bytes.length / 1e6).toFixed(1)} MB, turned into their file`, times))
    console.log(`edit, save and read back: ${whole.toFixed(0)} ms`)
    assert.ok(Math.max(...times) <= 1000, `${times}`)
  })
})

/** As large as photographs of that size are as PNG: 383 kB. */
function fortyPictures(): string {
  const image = { version: 1, width: 512, height: 512, pictures: [{ x: 0, y: 0, width: 512, height: 512 }] }
  const output = () => ({
    ...{ output_type: 'execute_result' as const, execution_count: null, metadata: {} },
    data: {
      'application/vnd.sdnb.image+json': image,
      'image/png': randomBytes(383_000).toString('base64'),
      'text/plain': 'Image(512 × 512)',
    },
  })
  return serialiseNotebook({
    ...{ nbformat: 4, nbformat_minor: 5, metadata: {} },
    cells: Array.from({ length: 40 }, (_, i) => ({
      ...{ cell_type: 'code' as const, id: `cell-${i}`, metadata: {}, source: `${i}`, execution_count: null },
      outputs: [output()],
    })),
  })
}
