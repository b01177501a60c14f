import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CorruptWeightsError, ModelNotFoundError } from '../../../src/pipeline/errors.js'
import { readJsonFile } from '../../../src/pipeline/weights/json.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'json-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function errorOf(text: string): Promise<Error> {
  const path = join(folder, 'config.json')
  writeFileSync(path, text)
  return readJsonFile(path).then(
    () => expect.fail('it was read'),
    error => error,
  )
}

test.each([
  ['{"a": 1,}', '1:9'],
  ['{\n  "a": 1\n  "b": 2\n}', '3:3'],
  ['{\n  "a": [1, 2,\n', '3:1'],
  ['{\n  "a": [1 2]\n}', '2:11'],
  ['{\n  "a": {"b": tru}\n}', '2:14'],
  ['{\n  "a": "one\n  two"\n}', '2:8'],
  ['{"a": [}', '1:8'],
  ['{"a": 1}}', '1:9'],
  ["{'a': 1}", '1:2'],
  ['', '1:1'],
])('%j is refused at %s', async (text, place) => {
  const error = await errorOf(text)
  expect(error).toBeInstanceOf(CorruptWeightsError)
  expect(error.message).toContain(`config.json:${place}: expected JSON`)
})

test("may hold Python's -Infinity", async () => {
  const path = join(folder, 'scheduler_config.json')
  writeFileSync(path, '{"lambda_min_clipped": -Infinity, "note": "Infinity, "}')
  expect(await readJsonFile(path)).toEqual({ lambda_min_clipped: Number.NEGATIVE_INFINITY, note: 'Infinity, ' })
})

test('JSON that is no object is refused', async () =>
  expect((await errorOf('[1]')).message).toMatch('expected a JSON object, got [1]'))

test('no file: ModelNotFoundError', async () =>
  expect(await readJsonFile(join(folder, 'none.json')).catch(error => error)).toBeInstanceOf(ModelNotFoundError))
