/**
 * npm run bench:kernel [-- --python PATH] [--deno PATH] [--full FOLDER] [--json]
 *
 * Times the kernel over ZeroMQ as a Jupyter client sees it, beside ipykernel and Deno where they are found, in one run and in turns:
 * start to the first answer, a trivial cell, the 1,000th binding cell against the 10th, 20,000 printed lines, an 8 MiB picture, and
 * memory when idle; then, of ours alone, a stop in each state and the language service. --full names a pipeline of full size, as
 * tools/full-size.mjs writes one, to stop a step of, too. Times are of a message's arrival, before the client unpacks it.
 */
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { kernelReport } from './bench/kernelReport.mjs'
import { residentMegabytes, withKernel } from './bench/kernelSession.mjs'
import { kernels } from './bench/kernels.mjs'
import { measureOwnKernel } from './bench/ownKernel.mjs'

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.SDNB_JUPYTER_PYTHON ?? 'python3' },
    deno: { type: 'string', default: 'deno' },
    full: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const [starts, cells, bindings, lines, pictures] = [5, 200, 1000, 20_000, 5]

const results = kernels(values).map(kernel => ({
  kernel,
  name: kernel.name,
  version: kernel.version,
  start: [],
  firstCell: [],
}))
for (let round = 0; round < starts; round++)
  for (const result of results)
    await withKernel(result.kernel, async ({ client, ready, started }) => {
      result.start.push(ready)
      await client.ask('execute_request', { code: result.kernel.trivial })
      result.firstCell.push(performance.now() - started)
    })
for (const result of results) Object.assign(result, await withKernel(result.kernel, measure(result.kernel)))
const ours = results.find(({ name }) => name === 'sdnb')
Object.assign(ours, await withKernel(ours.kernel, ({ client }) => measureOwnKernel(client, values.full)))
console.log(
  values.json
    ? JSON.stringify(results, (key, value) => (key === 'kernel' ? undefined : value), 2)
    : kernelReport(results),
)

function measure(kernel) {
  return async ({ client, pid, refused }) => {
    await setTimeout(1000)
    const memory = residentMegabytes(pid)
    const cell = async code => (await run(client, code)).ms
    for (let i = 0; i < 20; i++) await cell(kernel.trivial)
    const trivial = await repeated(cells, () => cell(kernel.trivial))
    const binding = await repeated(bindings, i => cell(kernel.binding(i)))
    const printed = await run(client, kernel.lines(lines))
    const streams = printed.output.filter(({ type }) => type === 'stream')
    const text = streams.map(({ content }) => content.text).join('')
    const expected = Array.from({ length: lines }, (_, i) => `${i}\n`).join('')
    await cell(kernel.makePicture)
    const picture = await repeated(pictures, async () => {
      const { started } = await run(client, kernel.showPicture)
      return (await client.until(({ type }) => type === 'display_data')).at - started // Deno's comes after idle
    })
    const stream = { ms: printed.ms, messages: streams.length, complete: text === expected }
    return { memory, trivial, binding, stream, picture, refused: refused() }
  }
}

/** Runs a cell; ms until both its reply and its idle have come. */
async function run(client, code) {
  client.heard.length = 0
  const started = performance.now()
  const { output } = await client.ask('execute_request', { code, silent: false, store_history: true })
  const ends = client.heard.filter(
    ({ type, content }) => type === 'execute_reply' || content.execution_state === 'idle',
  )
  return { started, ms: Math.max(...ends.map(({ at }) => at)) - started, output }
}

async function repeated(count, work) {
  const times = []
  for (let i = 0; i < count; i++) times.push(await work(i))
  return times
}
