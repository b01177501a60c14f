import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite, suiteSetup, test } from 'mocha'
import * as vscode from 'vscode'
import { figure } from '../figures.js'
import { notebookOf, until } from './notebook.js'

/** Asks as an editor does, at the end of the first `text` in the cell. */
async function ask<T>(command: string, cell: vscode.NotebookCell, text: string, ...rest: unknown[]): Promise<T> {
  const { document } = cell
  const position = document.positionAt(document.getText().indexOf(text) + text.length)
  return vscode.commands.executeCommand<T>(`vscode.${command}`, document.uri, position, ...rest)
}

const complete = (cell: vscode.NotebookCell, text: string, resolved = 0) =>
  ask<vscode.CompletionList>('executeCompletionItemProvider', cell, text, undefined, resolved)

const nameOf = ({ label }: vscode.CompletionItem) => (typeof label === 'string' ? label : label.label)

const problems = (cell: vscode.NotebookCell) =>
  vscode.languages.getDiagnostics(cell.document.uri).map(({ code, source }) => `${source} ${code}`)

const textAt = ({ uri, range }: vscode.Location, notebook: vscode.NotebookDocument) =>
  notebook
    .getCells()
    .find(({ document }) => document.uri.toString() === uri.toString())
    ?.document.getText(range)

async function edit(change: (edit: vscode.WorkspaceEdit) => void) {
  const workspaceEdit = new vscode.WorkspaceEdit()
  change(workspaceEdit)
  assert.ok(await vscode.workspace.applyEdit(workspaceEdit))
}

suite('language features of cells that have not run', () => {
  let notebook: vscode.NotebookDocument
  let [first, second, third]: vscode.NotebookCell[] = []

  suiteSetup(async () => {
    notebook = await notebookOf(
      '/** How. */\nconst settings = { steps: 20 }\nfunction paint(prompt: string, steps: number) {}',
      'settings.steps\npaint("a", 1)\ngridIm',
      'const wrong: string = settings.steps',
    )
    ;[first, second, third] = notebook.getCells()
  })

  test('completion knows earlier cells, and says each name once', async () => {
    const { items } = await complete(second, 'settings.')
    assert.deepEqual(items.filter(({ kind }) => kind === vscode.CompletionItemKind.Property).map(nameOf), ['steps'])
    assert.equal(items.filter(item => nameOf(item) === 'steps').length, 1)
  })

  test('a completion brings its import', async () => {
    const { items } = await complete(second, 'gridIm', 1000)
    const item = items.find(item => nameOf(item) === 'gridImage')
    assert.deepEqual(
      item?.additionalTextEdits?.map(({ newText }) => newText),
      ["import { gridImage } from 'sdnb'\n"],
    )
  })

  test('hover says what a name is, once', async () => {
    const hovers = await ask<vscode.Hover[]>('executeHoverProvider', second, 'sett')
    assert.equal(hovers.length, 1)
    const [contents] = hovers[0].contents as vscode.MarkdownString[]
    assert.match(contents.value, /^```typescript\nconst settings: \{\n {4}steps: number;\n\}\n```\n\nHow\.$/)
    assert.ok(!contents.isTrusted && !contents.supportHtml)
  })

  test('signature help marks the parameter', async () => {
    const help = await ask<vscode.SignatureHelp>('executeSignatureHelpProvider', second, 'paint("a", ')
    assert.deepEqual(
      [help.signatures.map(({ label }) => label), help.activeParameter],
      [['paint(prompt: string, steps: number): void'], 1],
    )
  })

  test('definition is in the earlier cell', async () => {
    const found = await ask<vscode.Location[]>('executeDefinitionProvider', second, 'sett')
    assert.deepEqual(
      found.map(location => textAt(location, notebook)),
      ['settings'],
    )
  })

  test('rename changes every cell', async () => {
    const renamed = await ask<vscode.WorkspaceEdit>('executeDocumentRenameProvider', second, 'sett', 'how')
    assert.deepEqual(
      renamed.entries().map(([uri, edits]) => [uri.toString(), edits.map(({ newText }) => newText)]),
      [first, second, third].map(({ document }) => [document.uri.toString(), ['how']]),
    )
  })

  test('names have the colours of what they stand for', async () => {
    const { uri } = second.document
    const legend = await vscode.commands.executeCommand<vscode.SemanticTokensLegend>(
      'vscode.provideDocumentSemanticTokensLegend',
      uri,
    )
    const tokens = await vscode.commands.executeCommand<vscode.SemanticTokens>(
      'vscode.provideDocumentSemanticTokens',
      uri,
    )
    const types = [...tokens.data].filter((_, i) => i % 5 === 3).map(type => legend.tokenTypes[type])
    assert.deepEqual(types, ['variable', 'property', 'function'])
  })

  test('formatting leaves `!` lines as they are', async () => {
    const other = await notebookOf('!echo   1\nif(1){\n2\n}')
    const { document } = other.cellAt(0)
    const edits = await vscode.commands.executeCommand<vscode.TextEdit[]>(
      'vscode.executeFormatDocumentProvider',
      document.uri,
      { tabSize: 4, insertSpaces: true },
    )
    await edit(change => change.set(document.uri, edits))
    assert.equal(document.getText(), '!echo   1\nif (1) {\n    2\n}')
  })

  test('problems follow what earlier cells say, and go with their cell', async () => {
    await vscode.window.showNotebookDocument(notebook)
    await until(() => problems(third).join() === 'ts 2322')
    const { document } = first
    const number = document.positionAt(document.getText().indexOf('20'))
    await edit(change => change.replace(document.uri, new vscode.Range(number, number.translate(0, 2)), "'20'"))
    await until(() => problems(third).length === 0)
    await edit(change => change.set(notebook.uri, [vscode.NotebookEdit.deleteCells(new vscode.NotebookRange(0, 1))]))
    await until(() => problems(third).join() === 'ts 2304')
    await edit(change => change.set(notebook.uri, [vscode.NotebookEdit.deleteCells(new vscode.NotebookRange(1, 2))]))
    await until(() => problems(third).length === 0)
  })
})

suite('a language server', () => {
  test('that has died is started again at the next question', async () => {
    const before = servers()
    const notebook = await notebookOf('const a = 1')
    const [cell] = notebook.getCells()
    const hover = () => ask<vscode.Hover[]>('executeHoverProvider', cell, 'a')
    assert.equal((await hover()).length, 1)
    const [pid, ...others] = servers().filter(pid => !before.includes(pid))
    assert.deepEqual(others, [])
    process.kill(pid, 'SIGKILL')
    await until(() => !servers().includes(pid))
    // a question that is under way when it dies has no answer
    const [answer = (await hover())[0]] = await hover()
    assert.ok(answer)
    assert.equal(servers().length, before.length + 1)
  })
})

/** Process ids of the language servers that the extension host has. */
function servers(): number[] {
  const children = execFileSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  return children
    .split('\n')
    .filter(line => line.includes('languageServer.js') && !/^\s*\d+\s+Z/.test(line))
    .map(line => Number.parseInt(line, 10))
}

suite('a notebook of 100 cells', () => {
  test('keys are handled, and completions keep up', async () => {
    const cell = (i: number) =>
      `const value${i} = { a: ${i} }\nfunction f${i}(x: number) { return x + value${i}.a }\nf${i}(1)`
    const notebook = await notebookOf(...Array.from({ length: 100 }, (_, i) => cell(i)))
    const { document } = notebook.cellAt(50)
    await complete(notebook.cellAt(50), 'value50')
    // how long the extension host is held up, at most
    const held: number[] = []
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      held.push(now - last)
      last = now
    }, 1)
    const times: number[] = []
    for (const key of '\nconst typed = f49(value49.a)') {
      await edit(change => change.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, key))
      const asked = performance.now()
      await vscode.commands.executeCommand(
        'vscode.executeCompletionItemProvider',
        document.uri,
        document.lineAt(document.lineCount - 1).range.end,
      )
      times.push(performance.now() - asked)
      await sleep(60)
    }
    // what settles behind it: problems of 50 cells
    await sleep(3000)
    clearInterval(timer)
    console.log(figure('the extension host held, 100 cells', held))
    console.log(figure('a completion, 100 cells', times))
    assert.ok(Math.max(...held) <= 1000, `held ${Math.max(...held)} ms`)
    times.sort((a, b) => a - b)
    assert.ok(times[times.length >> 1] < 500, `completions: ${times}`)
  })
})
