import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cellsOf, newFolder, root, sdnb } from './sdnb.js'

const templates = readdirSync(join(root, 'templates'))

test('there are templates', () => expect(templates).toContain('text-to-image.sdnb'))

test.each(templates)('%s runs as it is, and ends with a picture', async name => {
  const folder = newFolder()
  cpSync(join(root, 'templates', name), join(folder, name))
  const { code, stderr } = await sdnb(folder, 'run', name, '--output', 'ran.sdnb')
  expect([code, stderr]).toEqual([0, expect.any(String)])
  const shown = cellsOf(folder, 'ran.sdnb').at(-1)?.outputs.at(-1)
  if (name === 'blank.sdnb') expect(shown).toBeUndefined()
  else expect(shown).toMatchObject({ output_type: 'execute_result', data: { 'image/png': expect.any(String) } })
})
