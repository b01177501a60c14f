import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CorruptWeightsError, InvalidOptionError, ModelNotFoundError } from '../../../src/pipeline/errors.js'
import { type ClipTokenizer, loadClipTokenizer, truncationWarning } from '../../../src/pipeline/tokenizer/clip.js'

const fixture = fileURLToPath(new URL('../../fixtures/tokenizer', import.meta.url))
const expected: {
  texts: string[]
  layouts: Record<string, { modelMaxLength: number; pad: number; ids: number[][]; removed: Record<string, string> }>
} = JSON.parse(readFileSync(join(fixture, 'expected.json'), 'utf8'))

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tokenizer-'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

/** The fixture's vocabulary with the special tokens' files of `layout`. */
function folderOf(layout: string): string {
  const folder = join(scratch, layout)
  cpSync(join(fixture, layout), folder, { recursive: true })
  const vocabulary = layout === 'tokenizer-json' ? ['tokenizer.json'] : ['vocab.json', 'merges.txt']
  for (const name of vocabulary) cpSync(join(fixture, name), join(folder, name))
  return folder
}

describe('ids are those of CLIPTokenizer for more than 200 strings', () => {
  test.each(Object.keys(expected.layouts))('in the layout %s', async layout => {
    const { modelMaxLength, pad, ids, removed } = expected.layouts[layout]
    const tokenizer = await loadClipTokenizer(folderOf(layout))
    expect(expected.texts.length).toBeGreaterThan(200)
    expect([tokenizer.modelMaxLength, tokenizer.padTokenId]).toEqual([modelMaxLength, pad])
    const different = expected.texts.flatMap((text, i) => {
      const { inputIds, truncated } = tokenizer(text, { padding: false })
      const wanted = { text, ids: ids[i], truncated: removed[i] === undefined ? undefined : [removed[i]] }
      const got = { text, ids: inputIds[0], truncated }
      return JSON.stringify(got) === JSON.stringify(wanted) ? [] : [{ wanted, got }]
    })
    expect(different).toEqual([])
  })
})

describe('a tokenizer', () => {
  let tokenizer: ClipTokenizer
  beforeAll(async () => {
    tokenizer = await loadClipTokenizer(folderOf('sd1'))
  })

  test('pads to the longest length the model takes', () => {
    const [car] = tokenizer('car').inputIds
    expect(car).toHaveLength(40)
    expect(car[0]).toBe(tokenizer.bosTokenId)
    expect(new Set(car.slice(2))).toEqual(new Set([tokenizer.eosTokenId]))
  })

  test('an empty prompt is a start and an end', () =>
    expect(tokenizer('', { padding: false })).toEqual({ inputIds: [[tokenizer.bosTokenId, tokenizer.eosTokenId]] }))

  test('tells for each prompt what was cut off', () => {
    const long = `${'car '.repeat(38)}moon`
    const { inputIds, truncated } = tokenizer(['a cat', long])
    expect(inputIds.map(ids => ids.length)).toEqual([40, 40])
    expect(truncated).toEqual(['', 'moon'])
    expect(truncationWarning(tokenizer, truncated ?? [])).toBe(
      "The following part of your input was truncated because CLIP can only handle sequences up to 40 tokens: ['', 'moon']",
    )
  })

  test('refuses what is no text', () =>
    expect(() => tokenizer([7 as unknown as string])).toThrow(
      new InvalidOptionError('a prompt must be a string, got number'),
    ))
})

test('without a model_max_length it is 77', async () => {
  const folder = folderOf('bare')
  rmSync(join(folder, 'tokenizer_config.json'))
  expect((await loadClipTokenizer(folder)).modelMaxLength).toBe(77)
})

test('a folder without a tokenizer is an error that names what was looked for', async () => {
  const error = await loadClipTokenizer(join(scratch, 'none')).catch(error => error)
  expect(error).toBeInstanceOf(ModelNotFoundError)
  expect(error.message).toMatch(
    'expected a CLIP tokenizer: tokenizer.json, or vocab.json and merges.txt; neither is there',
  )
})

test('a broken vocabulary is an error that names file, line and column', async () => {
  const folder = folderOf('bare')
  writeFileSync(join(folder, 'vocab.json'), '{"a": 0,\n "b" 1}')
  const error = await loadClipTokenizer(folder).catch(error => error)
  expect(error).toBeInstanceOf(CorruptWeightsError)
  expect(error.message).toMatch('vocab.json:2:6: expected JSON')
})

test('a merge that leads to no token is an error', async () => {
  const folder = folderOf('bare')
  writeFileSync(join(folder, 'vocab.json'), '{"a": 0, "b": 1}')
  writeFileSync(join(folder, 'merges.txt'), '#version: 0.2\na b\n')
  await expect(loadClipTokenizer(folder)).rejects.toThrow('the merge "a b" gives a token that the vocabulary lacks')
})
