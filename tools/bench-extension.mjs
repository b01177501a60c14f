/**
 * npm run bench:extension
 *
 * Times the extension in a real VS Code: its activation, a key in a notebook of 100 cells, 40 pictures saved and scrolled through,
 * and from Run All to the first picture beside `sdnb run` of the same notebook.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

await setUp()
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = ['run', '--project', 'bench', '--reporter', 'basic', '--silent=false', '--disableConsoleIntercept']
const env = { ...process.env, SDNB_BENCH: '1' }
process.exitCode = spawnSync(process.execPath, [vitest, ...args], { cwd: root, env, stdio: 'inherit' }).status ?? 1
