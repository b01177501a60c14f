import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test, vi } from 'vitest'
import * as sdnb from '../../src/pipeline/index.js'
import { fixture } from './parity/fixtures.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/parts.md'), 'utf8')
const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)

/** What stands in for the hub's. */
const models: Record<string, string> = {
  'stabilityai/sd-turbo': 'sd1',
  'stabilityai/sd-vae-ft-mse': 'half/vae',
  'madebyollin/taesd': 'taesd',
  'CompVis/stable-diffusion-safety-checker': 'checked/safety_checker',
  'openai/clip-vit-base-patch16': 'clip',
}

test('docs/parts.md runs from top to bottom', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  let code = blocks.join('\n').replace(/import (\{[^}]*\}) from 'sdnb'/g, 'const $1 = sdnb')
  for (const [id, name] of Object.entries(models)) code = code.replaceAll(id, fixture(name))
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022 } })
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  const { score, logitsPerImage, nsfwContentDetected, left } = await new AsyncFunction(
    'sdnb',
    `${outputText}
    await clip.release()
    await pipeline.dispose()
    return { score, logitsPerImage, nsfwContentDetected, left: pipeline.safetyChecker }`,
  )(sdnb)
  expect(score).toBeGreaterThanOrEqual(0)
  expect(logitsPerImage.dims).toEqual([1, 2])
  expect(nsfwContentDetected).toEqual([expect.any(Boolean)])
  expect(left).toBeNull()
  warn.mockRestore()
}, 60_000)
