import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'

const folder = join(import.meta.dirname, '../../fixtures/pipelines/sd1')

test('a session of 200 pictures takes no more memory than one of 100', async () => {
  await using pipeline = await StableDiffusionPipeline.fromPretrained(folder, { device: 'cpu' })
  const draw = async (pictures: number) => {
    for (let seed = 0; seed < pictures; seed++)
      await pipeline('a car', { numInferenceSteps: 1, width: 64, height: 64, seed })
    return { engine: (await openEngine('cpu').memory()).resident, caller: process.memoryUsage.rss() }
  }
  const before = await draw(100)
  const after = await draw(100)
  expect(after.engine / before.engine).toBeLessThan(1.15)
  expect(after.caller / before.caller).toBeLessThan(1.25)
})
