import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root, setUp } from './setup.mjs'

/** `npm run quickstart`: the first notebook, from a clean clone to its pictures in out/. Takes `sdnb run`'s `-p` too. */
const name = '01-install-load-generate-grid'
const out = extension => join(root, 'out', `${name}.${extension}`)

setUp()
mkdirSync(join(root, 'out'), { recursive: true })
const { status, signal } = spawnSync(
  process.execPath,
  [
    join(root, 'dist', 'cli.js'),
    'run',
    join(root, 'notebooks', `${name}.sdnb`),
    ...['--output', out('sdnb'), '--html', out('html')],
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))

const pictures = JSON.parse(readFileSync(out('sdnb'), 'utf8'))
  .cells.flatMap(cell => cell.outputs ?? [])
  .map(output => output.data?.['image/png'])
  .filter(Boolean)
const grid = [pictures.at(-1)].flat().join('')
writeFileSync(out('png'), Buffer.from(grid, 'base64'))
console.error(relative(process.cwd(), out('png')))
