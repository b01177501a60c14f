// npm test [-- --no-skip] [-- FILTER …]: sets up, checks style and types, runs the tests, and counts them all.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setUp } from './setup.mjs'

const filters = process.argv.slice(2).filter(argument => argument !== '--no-skip')
const maySkip = !process.argv.includes('--no-skip')

await setUp()
const counts = { passed: 0, failed: 0, skipped: 0 }
count(run('biome', 'check', '.'))
count(run('tsc', '-b'))

const folder = mkdtempSync(join(tmpdir(), 'sdnb-test-'))
const report = join(folder, 'report.json')
const ended = run('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile=${report}`, ...filters)
const ran = readReport()
rmSync(folder, { recursive: true })
counts.passed += ran.numPassedTests
counts.failed += ran.numFailedTests
counts.skipped += ran.numPendingTests
// A test file that does not load has no failed test; an error outside any test has none either.
if (!ended && ran.numFailedTests === 0) counts.failed++
if (ran.numPassedTests === 0 && filters.length === 0) counts.failed++

for (const { name, assertionResults } of ran.testResults)
  for (const { status, fullName } of assertionResults)
    if (status === 'skipped' || status === 'pending') console.log(`skipped: ${fullName} (${name})`)
const skipped = counts.skipped ? `, ${counts.skipped} skipped` : ''
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
process.exitCode = counts.failed || (counts.skipped && !maySkip) ? 1 : 0

function run(command, ...args) {
  const { status } = spawnSync(process.execPath, [bin(command), ...args], { stdio: 'inherit' })
  return status === 0
}

function count(passed) {
  counts[passed ? 'passed' : 'failed']++
}

function bin(command) {
  const packages = { biome: '@biomejs/biome', tsc: 'typescript', vitest: 'vitest' }
  const folder = join('node_modules', packages[command])
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[command])
}

function readReport() {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] }
  }
}
