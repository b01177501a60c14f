import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import type { CellPosition, Edits } from '../../src/language/serverProtocol.js'
import { createLanguageService } from '../../src/language/service.js'

/** A language service for the tests of the file that imports this, in a folder of its own. */
export const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sdnb-language-')))
export const service = createLanguageService({ cwd: folder })
afterAll(() => rmSync(folder, { recursive: true }))

export function write(name: string, text: string) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
  service.refresh()
}

/** Makes these texts the session's cells, `1`, `2`, …, and finds the cursor: the one `|` in one of them. */
export function cells(...texts: string[]): CellPosition {
  const index = texts.findIndex(text => text.includes('|'))
  const offset = texts[index]?.indexOf('|') ?? 0
  const changed = texts.map((text, i) => ({ id: String(i + 1), text: text.replace('|', '') }))
  service.update({ order: changed.map(({ id }) => id), changed })
  return { cell: String(index < 0 ? texts.length : index + 1), offset }
}

/** Names of the completions at the cursor. */
export const complete = (...texts: string[]) => service.completions(cells(...texts)).items.map(({ name }) => name)

/** The text of the cell once the completion of that name is accepted, without what was typed. */
export function accept(name: string, ...texts: string[]): string {
  const at = cells(...texts)
  const { range, items } = service.completions(at)
  const completion = items.find(item => item.name === name && item.source !== undefined)
  if (!completion) throw new Error(`No import of ${name} among: ${items.map(item => item.name)}`)
  const { edits } = service.completionDetails({ ...at, completion })!
  return edited(texts[Number(at.cell) - 1].replace('|', ''), [...edits, { ...range, newText: name }])
}

export const hover = (...texts: string[]) => service.hover(cells(...texts))?.contents

/** `code: what it marks` of each diagnostic of the last cell. */
export function errors(...texts: string[]): string[] {
  const { cell } = cells(...texts)
  const text = texts.at(-1)!
  return service.diagnostics({ cell }).map(({ code, start, end }) => `${code}: ${text.slice(start, end)}`)
}

/** Where the name at the cursor is declared: `cell: text from there on`. */
export function definition(...texts: string[]): string[] {
  return service.definition(cells(...texts)).map(place => {
    if ('file' in place) return place.file
    return `${place.cell}: ${texts[Number(place.cell) - 1].replace('|', '').slice(place.start)}`
  })
}

/** All cells after the name at the cursor was given another, or why it was not. */
export function rename(newName: string, ...texts: string[]): string[] | string {
  const result = service.rename({ ...cells(...texts), newName })
  if ('refused' in result) return result.refused
  const after = texts.map(text => text.replace('|', ''))
  for (const file of result.edits)
    if ('cell' in file) after[Number(file.cell) - 1] = edited(after[Number(file.cell) - 1], file.edits)
  return after
}

export function edited(text: string, edits: Edits['edits']): string {
  const fromTheEnd = edits.toSorted((a, b) => b.start - a.start || b.end - a.end)
  return fromTheEnd.reduce((text, { start, end, newText }) => text.slice(0, start) + newText + text.slice(end), text)
}
