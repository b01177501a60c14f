import { expect, test } from 'vitest'

test('classes and functions of the built library have the names that they are imported by', async () => {
  const library: Record<string, unknown> = await import(new URL('../../dist/index.js', import.meta.url).href)
  const functions = Object.entries(library).filter(([, value]) => typeof value === 'function')
  expect(functions.map(([, value]) => (value as { name: string }).name)).toEqual(functions.map(([name]) => name))
})
