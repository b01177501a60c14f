/**
 * npm run bench [-- FOLDER] [--only PART,…] [--calls N] [--pictures N] [--python PATH] [--record] [--json]
 *
 * Measures what README and BENCHMARKS.md tell, part by part (tools/bench/parts.mjs; growth only where --only names it), on a pipeline
 * folder of full size (default: out/sd1-full, written by tools/full-size.mjs when it is missing) and on the embedded model. With a
 * Python (--python or SDNB_BENCH_PYTHON), those of PyTorch, onnxruntime and OpenVINO that it has run the same in turns with ours.
 * Prints Markdown; --record writes each part's section into BENCHMARKS.md, but of a part that cannot be measured here, as gpu where no
 * CUDA device works. Exits with 1 where a limit is not kept, or a part fails; the other parts are measured all the same.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { commandLine, machine } from './bench/conditions.mjs'
import { isKept } from './bench/limits.mjs'
import { defaultParts, partNames, partOf } from './bench/parts.mjs'
import { pythonPackages } from './bench/peers.mjs'
import { recorded } from './bench/record.mjs'
import { seconds } from './bench/time.mjs'
import { root, setUp } from './setup.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: defaultParts.join() },
    calls: { type: 'string', default: '5' },
    pictures: { type: 'string', default: '1' },
    python: { type: 'string', default: process.env.SDNB_BENCH_PYTHON },
    record: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const chosen = values.only.split(',')
const unknown = chosen.find(name => !partNames.includes(name))
if (unknown !== undefined) wrongUse(`--only must name some of ${partNames.join(', ')}, got ${unknown}`)
for (const name of ['calls', 'pictures'])
  if (!/^[1-9]\d*$/.test(values[name])) wrongUse(`--${name} must be a whole number from 1, got ${values[name]}`)

setUp()
const full = join(root, 'out/sd1-full')
const folder = positionals[0] ?? full
if (folder === full && !existsSync(join(full, 'model_index.json')))
  execFileSync(process.execPath, [join(root, 'tools/full-size.mjs'), full], { stdio: ['ignore', 2, 2] })

const context = {
  folder,
  calls: Number(values.calls),
  pictures: Number(values.pictures),
  python: values.python && { path: values.python, packages: pythonPackages(values.python) },
}
const conditions = `*${new Date().toISOString().slice(0, 10)}, ${machine()}: \`${commandLine()}\`*`
const benchmarks = join(root, 'BENCHMARKS.md')
const results = {}
for (const name of partNames.filter(name => chosen.includes(name))) {
  const part = await partOf(name)
  process.stderr.write(`${part.title} …\n`)
  const measured = await seconds(() => part.measure(context)).catch(error => {
    process.stderr.write(`${error.stack}\n`)
    process.exitCode = 1
  })
  if (!measured) continue
  results[name] = measured.value
  if (measured.value.absent) {
    process.stderr.write(`${part.title}: not measured. ${measured.value.absent}\n`)
    continue
  }
  const missed = (part.limits?.(measured.value) ?? []).filter(limit => !isKept(limit))
  for (const { what } of missed) process.stderr.write(`A limit is not kept: ${what}\n`)
  if (missed.length > 0) process.exitCode = 1
  const took = `*The part took ${measured.seconds.toFixed(0)} s.*`
  const section = [part.section(measured.value), `${conditions} ${took}`].join('\n\n')
  if (!values.json) console.log(`## ${part.title}\n\n${section}\n`)
  if (!values.record) continue
  writeFileSync(benchmarks, recorded(readFileSync(benchmarks, 'utf8'), part.title, section))
  for (const [path, text] of Object.entries((await part.files?.(measured.value)) ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}
if (values.json) console.log(JSON.stringify(results, null, 2))

function wrongUse(message) {
  console.error(message)
  process.exit(2)
}
