import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root, setUp } from './setup.mjs'

/** `npm run quickstart`: the first notebook, from a clean clone to its pictures in out/. Takes `sdnb run`'s `-p` too. */
const name = '01-install-load-generate-grid'
const out = file => join(root, 'out', file)

setUp()
mkdirSync(join(root, 'out'), { recursive: true })
// Ctrl-C is the run's to answer: it writes what there is.
process.on('SIGINT', () => {})
const { status, signal } = spawnSync(
  process.execPath,
  [
    join(root, 'dist', 'cli.cjs'),
    'run',
    join(root, 'notebooks', `${name}.sdnb`),
    ...['--output', out(`${name}.sdnb`), '--html', out(`${name}.html`)],
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))

const pictures = JSON.parse(readFileSync(out(`${name}.sdnb`), 'utf8'))
  .cells.flatMap(cell => cell.outputs ?? [])
  .map(output => output.data?.['image/png'])
  .filter(Boolean)
const grid = [pictures.at(-1)].flat().join('')
writeFileSync(out('grid.png'), Buffer.from(grid, 'base64'))
console.error(relative(process.cwd(), out('grid.png')))
