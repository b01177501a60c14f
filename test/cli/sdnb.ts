import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { CodeCell, Notebook } from '../../src/notebook/nbformat.js'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Ended {
  /** exit code; null when a signal ended the process */
  code: number | null
  stdout: string
  stderr: string
}

/** Starts the built command in `folder`. */
export function started(folder: string, ...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(root, 'dist/cli.cjs'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { child, ended: collected(child) }
}

/** Runs the built command in `folder` to its end. */
export function sdnb(folder: string, ...args: string[]): Promise<Ended> {
  return started(folder, ...args).ended
}

export function collected(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', text => (texts.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', text => (texts.stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ code, ...texts }))
  })
}

/** An empty folder, gone when the test has ended. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sdnb-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A folder with `n.sdnb`, one code cell for each source; a source that begins with `#parameters` is that cell. */
export function folderWith(...sources: string[]): string {
  const folder = newFolder()
  const cells = sources.map((source, i) => ({
    cell_type: 'code',
    id: `c${i + 1}`,
    metadata: source.startsWith('#parameters\n') ? { tags: ['parameters'] } : {},
    source: source.replace('#parameters\n', ''),
    execution_count: null,
    outputs: [],
  }))
  const metadata = { kernelspec: { name: 'sdnb', display_name: 'SD Notebook', language: 'typescript' } }
  writeFileSync(join(folder, 'n.sdnb'), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells }))
  return folder
}

export function cellsOf(...path: string[]): CodeCell[] {
  const notebook: Notebook = JSON.parse(readFileSync(join(...path), 'utf8'))
  return notebook.cells.filter(cell => cell.cell_type === 'code')
}

export const textOf = (text: string | string[]) => [text].flat().join('')

/** What a cell printed to stdout. */
export function printed(cell: CodeCell): string {
  return cell.outputs.map(output => ('text' in output && output.name === 'stdout' ? textOf(output.text) : '')).join('')
}
