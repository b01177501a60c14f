import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Scheduler } from '../../../src/pipeline/schedulers/index.js'
import * as schedulers from '../../../src/pipeline/schedulers/index.js'

const page = readFileSync(new URL('../../../docs/schedulers.md', import.meta.url), 'utf8')
const told = new Set([...page.matchAll(/`(\w+)`/g)].map(([, name]) => name))
const classes = Object.entries(schedulers).filter(([name]) => name.endsWith('Scheduler')) as [
  string,
  new () => Scheduler,
][]

test.each(classes)('docs/schedulers.md tells of %s and of each of its options', (name, Class) => {
  expect(told).toContain(name)
  const options = Object.keys(Object.getPrototypeOf(new Class().config))
  expect(options.filter(option => !told.has(option))).toEqual([])
})

test('and of no option that no class has', () => {
  const options = new Set(classes.flatMap(([, Class]) => Object.keys(Object.getPrototypeOf(new Class().config))))
  const table = page.slice(page.indexOf('Options that many have'), page.indexOf('A schedule of one'))
  const first = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) => cell.match(/\w+/g)!)
  expect(first.length).toBeGreaterThan(20)
  expect(first.filter(option => !options.has(option))).toEqual([])
})
