import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const [walkthrough] = manifest.contributes.walkthroughs
interface Step {
  description: string
  media: { image: string; altText: string }
  completionEvents?: string[]
}
const steps: Step[] = walkthrough.steps
const commands: string[] = manifest.contributes.commands.map(({ command }: { command: string }) => command)

test('every picture of the walkthrough is there, and told in words', () => {
  expect(existsSync(join(root, manifest.icon))).toBe(true)
  for (const { media } of steps)
    expect([existsSync(join(root, media.image)), media.altText.length > 20]).toEqual([true, true])
})

test('every command of the walkthrough is one of ours', () => {
  const linked = steps.flatMap(({ description }) => [...description.matchAll(/command:([\w.]+)/g)].map(([, id]) => id))
  const awaited = steps.flatMap(({ completionEvents = [] }) =>
    completionEvents.flatMap(event => /^onCommand:(.+)$/.exec(event)?.[1] ?? []),
  )
  expect(linked.length).toBeGreaterThan(3)
  expect([...linked, ...awaited].filter(id => !commands.includes(id))).toEqual([])
})

test('every context that a step waits for is one that the extension sets', () => {
  const source = readFileSync(join(root, 'src/extension/walkthrough.ts'), 'utf8')
  const contexts = steps.flatMap(({ completionEvents = [] }) =>
    completionEvents.flatMap(event => /^onContext:(.+)$/.exec(event)?.[1] ?? []),
  )
  expect(contexts).toHaveLength(2)
  for (const context of contexts) expect(source).toMatch(`'setContext', '${context}'`)
})
