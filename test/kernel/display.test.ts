import { afterEach, expect, test, vi } from 'vitest'
import { clearOutput, display } from '../../src/display.js'

const printed: unknown[] = []
vi.spyOn(console, 'log').mockImplementation(text => void printed.push(text))
afterEach(() => void printed.splice(0))

test('in a plain script a value is printed as the console would', async () => {
  await display({ a: [1] })
  expect(printed).toEqual(['{ a: [ 1 ] }'])
})

test('and what describes itself by its text', async () => {
  await display({ 'text/html': '<b>bold</b>', 'text/plain': 'bold' })
  await display({ [Symbol.for('Jupyter.display')]: async () => ({ 'image/png': new Uint8Array() }) })
  clearOutput()
  expect(printed).toEqual(['bold', '[image/png]'])
})

test('an update needs an id', async () => {
  await expect(display(1, { update: true })).rejects.toThrow('display: update needs the id of what it replaces')
})
