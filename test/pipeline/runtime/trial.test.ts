import { afterAll, expect, test } from 'vitest'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { trial } from '../../../src/pipeline/runtime/trial.js'

const engine = openEngine('cpu')
afterAll(() => engine.dispose())

test('the trial of a device is right on the CPU, and wrong by 2 %', async () => {
  const { y } = await engine.run({ key: 'trial', build: trial.graph }, trial.inputs)
  expect(trial.isRight(y)).toBe(true)
  expect(trial.isRight({ ...y, data: y.data.map(value => value * 1.02) })).toBe(false)
})
