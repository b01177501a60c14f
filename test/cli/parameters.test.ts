import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cellsOf, folderWith, sdnb, textOf } from './sdnb.js'

const declaring = "#parameters\nconst name: string = 'a'\nconst steps: number = 50"
const telling = 'console.log(typeof name, name, typeof steps, steps)'

test('a parameter gets its value after the cell that declares it, in its own cell', async () => {
  const folder = folderWith(declaring, telling)
  const { code, stdout } = await sdnb(folder, 'run', 'n.sdnb', '-p', 'name=007', '-p', 'steps=3', '--output', 'o.sdnb')
  expect([code, stdout]).toEqual([0, 'string 007 number 3\n'])
  const cells = cellsOf(folder, 'o.sdnb')
  expect(cells.map(cell => cell.metadata.tags)).toEqual([['parameters'], ['injected-parameters'], undefined])
  expect(textOf(cells[1].source)).toBe('const name: string = "007"\nconst steps: number = 3')
})

test('a value may hold = and be empty', async () => {
  const folder = folderWith(declaring, telling)
  expect((await sdnb(folder, 'run', 'n.sdnb', '-p', 'name=a=b')).stdout).toBe('string a=b number 50\n')
  expect((await sdnb(folder, 'run', 'n.sdnb', '-p', 'name=')).stdout).toBe('string  number 50\n')
})

test.for([
  ['steps=many', 'sdnb: parameter steps is of type number, got "many"\n'],
  ['stesp=3', 'sdnb: no parameter "stesp": the notebook has name (string), steps (number)\n'],
])('-p %s is refused before anything runs', async ([given, message]) => {
  const folder = folderWith(declaring, telling)
  const before = readFileSync(join(folder, 'n.sdnb'))
  expect(await sdnb(folder, 'run', 'n.sdnb', '--inplace', '-p', given)).toEqual({
    code: 2,
    stdout: '',
    stderr: message,
  })
  expect(readFileSync(join(folder, 'n.sdnb'))).toEqual(before)
})

test('without a cell tagged parameters the values stand at the top', async () => {
  const folder = folderWith('console.log(word, count + 1)')
  expect((await sdnb(folder, 'run', 'n.sdnb', '-p', 'word=x', '-p', 'count=1')).stdout).toBe('x 2\n')
})
