import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** In TypeScript's own server, found as VS Code has it find it: as a package of the extension's node_modules. */
const folder = mkdtempSync(join(tmpdir(), 'sdnb-plugin-'))
const code = 'const a  =  1\na.b\n!ls   -l\nlet s: string = a;\n{ let unused }\nf(;\n'
const file = join(folder, 'plain.ts')
const cell = '^/vscode-notebook-cell/ts-nul-authority/folder/some.sdnb#W0sZmlsZQ%3D%3D'
const foreign = '^/vscode-notebook-cell/ts-nul-authority/folder/some.ipynb#W0sZmlsZQ%3D%3D'

interface Reply {
  success: boolean
  message?: string
  body?: unknown
}

let server: ChildProcess
const waiting = new Map<number, (reply: Reply) => void>()
let lastSeq = 0

beforeAll(() => {
  cpSync('dist/typescriptPlugin', join(folder, 'node_modules/sdnb-typescript-plugin'), { recursive: true })
  writeFileSync(file, code)
  const tsserver = createRequire(import.meta.url).resolve('typescript/lib/tsserver.js')
  const plugin = ['--globalPlugins', 'sdnb-typescript-plugin', '--pluginProbeLocations', folder]
  server = spawn(process.execPath, [
    tsserver,
    ...plugin,
    '--disableAutomaticTypingAcquisition',
    '--useInferredProjectPerProjectRoot',
  ])
  createInterface(server.stdout!).on('line', line => {
    if (!line.startsWith('{')) return
    const { request_seq, ...reply } = JSON.parse(line)
    waiting.get(request_seq)?.(reply)
  })
  // as VS Code does
  const openFiles = [file, cell, foreign].map(name => ({
    ...{ file: name, fileContent: code, scriptKindName: 'TS', projectRootPath: folder },
  }))
  send('updateOpen', { openFiles, changedFiles: [], closedFiles: [] })
})
afterAll(() => {
  server.kill()
  rmSync(folder, { recursive: true })
})

function send(command: string, args: object) {
  const seq = ++lastSeq
  server.stdin!.write(`${JSON.stringify({ seq, type: 'request', command, arguments: args })}\n`)
  return seq
}

async function ask(command: string, file: string, args: object): Promise<unknown> {
  const seq = send(command, { file, ...args })
  const { success, message, body } = await new Promise<Reply>(resolve => waiting.set(seq, resolve))
  if (!success && message !== 'No content available.') throw new Error(message)
  return body
}

const name = { line: 1, offset: 7 }
const all = { startLine: 1, startOffset: 1, endLine: 5, endOffset: 1 }

describe('VS Code’s TypeScript server, with the plugin', () => {
  test.each<[string, object, object | undefined]>([
    ['completionInfo', { line: 2, offset: 3 }, undefined],
    ['quickinfo', name, undefined],
    ['definition', name, []],
    ['definitionAndBoundSpan', name, { definitions: [] }],
    ['references', name, { refs: [] }],
    ['rename', name, { info: { canRename: false }, locs: [] }],
    ['syntacticDiagnosticsSync', {}, []],
    ['semanticDiagnosticsSync', {}, []],
    ['suggestionDiagnosticsSync', {}, []],
    ['getApplicableRefactors', all, []],
    ['encodedSemanticClassifications-full', { start: 0, length: code.length, format: '2020' }, { spans: [] }],
  ])('says nothing of a cell to %s', async (command, args, silence) => {
    const answer = await ask(command, cell, args)
    const ofFile = await ask(command, file, args)
    if (silence === undefined) {
      expect(answer).toBeUndefined()
      expect(ofFile).toBeDefined()
    } else {
      expect(answer).toMatchObject(silence)
      expect(ofFile).not.toMatchObject(silence)
    }
  })

  test('goes on in files, and in cells of other notebooks', async () => {
    for (const other of [file, foreign]) {
      expect(await ask('completionInfo', other, { line: 2, offset: 3 })).toBeDefined()
      expect(await ask('quickinfo', other, name)).toMatchObject({ displayString: 'const a: 1' })
      expect(await ask('syntacticDiagnosticsSync', other, {})).toBeDefined()
    }
  })

  test('formats a cell, all but its `!` lines', async () => {
    const range = { line: 1, offset: 1, endLine: 5, endOffset: 1 }
    const edits = (await ask('format', cell, range)) as { start: { line: number } }[]
    expect([...new Set(edits.map(({ start }) => start.line))]).toEqual([1])
    const ofFile = (await ask('format', file, range)) as { start: { line: number } }[]
    expect([...new Set(ofFile.map(({ start }) => start.line))]).toContain(3)
  })
})
