import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLanguage } from '../../src/kernel/languageAnswers.js'

test('a language server that could not start is tried again', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'sdnb-language-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, 'later')
  const language = createLanguage(folder)
  const complete = async () => language.complete({ code: '"".trimSt', cursor_pos: 9 })
  await expect(complete()).rejects.toThrow(/ENOENT/)
  mkdirSync(folder)
  expect(await complete()).toMatchObject({ status: 'ok', matches: ['trimStart'] })
})
