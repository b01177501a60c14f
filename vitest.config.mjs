import { defineConfig } from 'vitest/config'

const workbench = 'test/workbench/**/*.test.ts'

/** Of what is waited for, on a machine with much else to do, ms. */
const waiting = { poll: { timeout: 30_000 } }

// A VS Code and a browser keep two cores busy: one after the other, when those that measure time have ended.
const inVscode = {
  globalSetup: 'test/workbench/globalSetup.ts',
  sequence: { groupOrder: 1 },
  poolOptions: { forks: { singleFork: true } },
  expect: waiting,
  testTimeout: 120_000,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [workbench],
          expect: waiting,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'workbench', include: [workbench], ...inVscode } },
      // of `npm run bench:extension`
      ...(process.env.SDNB_BENCH
        ? [{ test: { name: 'bench', include: ['test/workbench/*.bench.ts'], ...inVscode } }]
        : []),
      // of `tools/screenshots.mjs`
      ...(process.env.SDNB_SCREENSHOTS
        ? [{ test: { name: 'screenshots', include: ['test/workbench/*.screenshots.ts'], ...inVscode } }]
        : []),
    ],
  },
})
