import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Mocha from 'mocha'
import type { SuiteResult } from './result.js'

/** VS Code calls this in its extension host. Writes what became of each test to the file SDNB_SUITE_RESULTS, where that is set. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'tdd', timeout: 60_000, reporter: 'spec' })
  for (const file of readdirSync(__dirname)) if (file.endsWith('.suite.cjs')) mocha.addFile(join(__dirname, file))
  const results: SuiteResult[] = []
  const failures = await new Promise<number>(resolve => {
    const runner = mocha.run(resolve)
    runner.on('pass', test => results.push({ title: test.fullTitle(), state: 'passed' }))
    runner.on('pending', test => results.push({ title: test.fullTitle(), state: 'pending' }))
    runner.on('fail', (test, error) =>
      results.push({ title: test.fullTitle(), state: 'failed', error: error.stack ?? String(error) }),
    )
  })
  const { SDNB_SUITE_RESULTS: file } = process.env
  if (file) writeFileSync(file, JSON.stringify(results))
  if (failures > 0) throw new Error(`${failures} of the tests in the extension host failed`)
}
