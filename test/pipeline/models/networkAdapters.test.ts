import { expect, test } from 'vitest'
import { type Adapter, networkAdapters } from '../../../src/pipeline/models/networkAdapters.js'

const tensor = { dtype: 'F32', shape: [1, 1], file: '/', offset: 0, length: 4 }
const adapter = (factor: number): Adapter =>
  new Map([['layer', { delta: { kind: 'lora', down: tensor, up: tensor }, factor }]])

test('another weight, or another scale, is another input of the same session; other adapters are another', () => {
  const adapters = networkAdapters()
  adapters.load('a', adapter(0.5))
  adapters.load('b', adapter(2))
  const run = (weights: Record<string, number>, scale?: number) => {
    adapters.activate(new Map(Object.entries(weights)))
    const { shape, inputs } = adapters.forRun(scale)
    return { key: JSON.stringify(shape), scales: inputs.adapter_scales && [...inputs.adapter_scales.data] }
  }
  const first = run({ a: 1, b: 0.25 })
  expect(first.scales).toEqual([0.5, 0.5, 1])
  expect(run({ a: -3, b: 0 })).toEqual({ key: first.key, scales: [-1.5, 0, 1] })
  expect(run({ a: 1, b: 0.25 }, 0.5)).toEqual({ key: first.key, scales: [0.25, 0.25, 1] })
  expect(run({ a: 1 }).key).not.toBe(first.key)
  expect(run({})).toEqual({ key: '{}', scales: undefined })
})
