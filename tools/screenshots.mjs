/**
 * node tools/screenshots.mjs
 *
 * Takes the pictures in docs/ of the extension, in a real VS Code: `test/workbench/docs.screenshots.ts`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

await setUp()
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const env = { ...process.env, SDNB_SCREENSHOTS: '1' }
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'screenshots'], {
  ...{ cwd: root, env, stdio: 'inherit' },
})
process.exitCode = status ?? 1
