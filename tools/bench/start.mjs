import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { root } from '../setup.mjs'
import { source } from '../source.mjs'
import { withKernel } from './kernelSession.mjs'
import { startOwnKernel } from './kernels.mjs'
import { limitsTable, verdict } from './limits.mjs'
import { ms, range, table, times } from './markdown.mjs'
import { absence, startPython } from './peers.mjs'
import { seconds, spread } from './time.mjs'

export const title = 'Start'

const cli = join(root, 'dist/cli.cjs')
const node = (...args) =>
  execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
const wall = async work => (await seconds(work)).seconds

/** Starts of the built package, each a process of its own, and the first picture and call beside diffusers'. */
export async function measure({ folder, python }) {
  const { startEngineProcess } = await source('pipeline/runtime/connection.ts')
  const importing = 'const started = performance.now(); await import("sdnb"); console.log(performance.now() - started)'
  const starts = {
    node: await repeated(20, () => wall(() => node('-e', '0'))),
    import: await repeated(20, () => Number(node('--input-type=module', '-e', importing)) / 1000),
    help: await repeated(20, () => wall(() => node(cli, '--help'))),
    engine: await repeated(20, async () => {
      const started = performance.now()
      const engine = startEngineProcess('cpu')
      await engine.ask({ kind: 'release', keyPrefix: 'none' }) // answered when onnxruntime is loaded
      const took = (performance.now() - started) / 1000
      engine.kill()
      await engine.ended
      return took
    }),
    kernel: await repeated(20, () =>
      withKernel({ argv: startOwnKernel }, async ({ client, started }) => {
        await client.ask('execute_request', { code: '1 + 1' })
        return (performance.now() - started) / 1000
      }),
    ),
  }
  return {
    ...starts,
    run: await runBesideCalls(),
    tiny: await firstBesideDiffusers(python, join(root, 'models/tiny'), 'picture', 5),
    full: await firstBesideDiffusers(python, folder, 'call', 3),
    absent: absence(python, diffusers),
  }
}

const figures = [
  ["`import 'sdnb'`, in a Node that runs", 'import', 0.06],
  ['`sdnb --help`, to its end', 'help', 0.08],
  ['engine process, to its first answer with onnxruntime loaded', 'engine', 0.15],
  ['kernel, to the reply to the first cell', 'kernel', 0.5],
]

export function limits(result) {
  const starts = figures.map(([what, name, most]) => ({ what, value: result[name].median, most, show: ms }))
  return [...starts, ...ratioLimits(result)]
}

function ratioLimits({ run, tiny, full }) {
  return [
    { what: '`sdnb run` of notebook 01, times its calls', value: run.ratio.median, most: 1.2, show: times },
    ...(tiny.ratio
      ? [{ what: "first picture of `sdnb/tiny`, times diffusers'", value: tiny.ratio.median, most: 1, show: times }]
      : []),
    ...(full.ratio
      ? [{ what: "first call of full size, times diffusers'", value: full.ratio.median, most: 1, show: times }]
      : []),
  ]
}

export function section(result) {
  const { node: bare, run, tiny, full, absent } = result
  const judged = (value, most) => `${ms(value)}, ${verdict({ value, most })}`
  const firsts = [
    [`first picture of \`sdnb/tiny\`, ${firstSteps} steps`, tiny],
    ['first call of the U-Net of full size', full],
  ]
  return [
    `Of the built package, each start a process of its own, ${bare.times.length} times; Node alone takes ${range(bare, ms)} from its start to its end.`,
    table(
      ['', 'p50', 'worst', 'at most'],
      figures.map(([what, name, most]) => [
        ...[what, judged(result[name].median, most), judged(result[name].max, most), ms(most)],
      ]),
    ),
    `Notebook 01 without its \`npm install\` and the table that needs it, ${run.ours.times.length} times in turns: \`sdnb run\` ${range(run.ours)} from its start to its ` +
      `end, its calls alone in a script that runs already ${range(run.calls)}: ${range(run.ratio, times)}.`,
    'From the start of the process, loading included:',
    table(
      ['', 'here', 'diffusers, PyTorch', 'ours, times its'],
      firsts.map(([what, { ours, theirs, ratio }]) => [
        ...[what, range(ours), theirs ? range(theirs) : '', ratio ? range(ratio, times) : ''],
      ]),
    ),
    ...(absent ? [`diffusers: not measured, ${absent}.`] : []),
    limitsTable(ratioLimits(result)),
  ].join('\n\n')
}

async function repeated(count, work) {
  const taken = []
  for (let i = 0; i < count; i++) taken.push(await work())
  return spread(taken)
}

/** Of notebook 01 by `sdnb run`, and of the calls that its cells make, as a script makes them. */
async function runBesideCalls(rounds = 10) {
  const folder = join(root, 'out/bench')
  await mkdir(folder, { recursive: true })
  const notebook = JSON.parse(await readFile(join(root, 'notebooks/01-install-load-generate-grid.sdnb'), 'utf8'))
  notebook.cells = notebook.cells.filter(({ id }) => id !== 'install' && id !== 'table')
  const [cells, script, output] = ['01.sdnb', '01.mjs', '01-run.sdnb'].map(name => join(folder, name))
  await writeFile(cells, JSON.stringify(notebook))
  node(cli, 'export', cells, '--to', 'ts', '--output', join(folder, '01.ts'))
  const { code } = await transform(await readFile(join(folder, '01.ts'), 'utf8'), { loader: 'ts' })
  await writeFile(script, `const begun = performance.now()\n${code}\nconsole.log(performance.now() - begun)\n`)
  const pairs = []
  for (let i = 0; i < rounds; i++)
    pairs.push({
      ours: await wall(() => node(cli, 'run', cells, '--output', output)),
      calls: Number(node(script)) / 1000,
    })
  return {
    ours: spread(pairs.map(({ ours }) => ours)),
    calls: spread(pairs.map(({ calls }) => calls)),
    ratio: spread(pairs.map(({ ours, calls }) => ours / calls)),
  }
}

const diffusers = ['torch', 'diffusers']
const firstSteps = 25

/** Seconds from a process's start to its first picture, or its first call of the U-Net. */
async function firstBesideDiffusers(python, folder, what, rounds) {
  const hasPeer = !absence(python, diffusers)
  const args = [folder, what, `${firstSteps}`]
  const stdio = ['ignore', 'pipe', 'inherit']
  const script = join(root, 'tools/bench/first.mjs')
  const pairs = []
  for (let i = 0; i < rounds; i++)
    pairs.push({
      ours: await untilDone(() => spawn(process.execPath, [script, ...args], { cwd: root, stdio })),
      ...(hasPeer && { theirs: await untilDone(() => startPython(python.path, 'first.py', args, stdio)) }),
    })
  return {
    ours: spread(pairs.map(({ ours }) => ours)),
    ...(hasPeer && {
      theirs: spread(pairs.map(({ theirs }) => theirs)),
      ratio: spread(pairs.map(({ ours, theirs }) => ours / theirs)),
    }),
  }
}

/** Seconds from a process's start until it says that it is done. */
async function untilDone(start) {
  const started = performance.now()
  const child = start()
  const exit = once(child, 'exit')
  const said = await Promise.race([once(child.stdout, 'data'), exit.then(() => undefined)])
  const took = (performance.now() - started) / 1000
  if (String(said).trim() !== 'done') throw new Error(`${child.spawnargs.join(' ')} ended before it was done`)
  await exit
  return took
}
