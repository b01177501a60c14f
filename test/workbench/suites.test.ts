import { expect, test } from 'vitest'
import { runSuites } from './runSuites.js'
import { whyNoWorkbench } from './workbench.js'

/** Every test of `suite/`, all at once. */
const { results } = whyNoWorkbench ? { results: [] } : await runSuites()

test.skipIf(whyNoWorkbench)(`suites in the extension host ${whyNoWorkbench}`, () => {
  expect(results.length).toBeGreaterThan(0)
})

for (const { title, state, error } of results)
  test.skipIf(state === 'pending')(title, () => {
    if (error) expect.fail(error)
  })
