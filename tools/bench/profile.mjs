import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { source } from '../source.mjs'
import { s, table } from './markdown.mjs'
import { unetOf } from './network.mjs'
import { secondsByOperator } from './operators.mjs'

export const title = 'Where a call of the U-Net spends its time'

const calls = 3

/** onnxruntime's own profile of the graph, the session made as the engine makes it. */
export async function measure({ folder }) {
  const { sessionOptions } = await source('pipeline/runtime/sessionOptions.ts')
  const { model, inputs, size } = await unetOf(folder, { kind: 'fused' })
  const { bytes, externalDataRoot } = await model.build()
  const traces = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  const session = await InferenceSession.create(bytes, {
    ...sessionOptions('cpu', externalDataRoot),
    enableProfiling: true,
    profileFilePrefix: join(traces, 'unet'),
  })
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
  )
  for (let i = 0; i < 1 + calls; i++) await session.run(feeds)
  session.endProfiling()
  const [trace] = await readdir(traces)
  const events = JSON.parse(await readFile(join(traces, trace), 'utf8'))
  await session.release()
  await rm(traces, { recursive: true })
  return { size, calls, ...secondsByOperator(events) }
}

export function section({ size, calls, whole, operators }) {
  const named = operators.filter(({ seconds }) => seconds >= whole / 100)
  const share = seconds => `${((100 * seconds) / whole).toFixed(1)} %`
  const rest = whole - named.reduce((sum, { seconds }) => sum + seconds, 0)
  const rows = named.map(({ operator, count, seconds }) => [operator, `${count}`, s(seconds), share(seconds)])
  return [
    `By onnxruntime's profile, ${size} × ${size}, batch 1, float32, CPU; means of ${calls} calls after the first.`,
    table(
      ['operator', 'nodes', 'a call', 'share'],
      [...rows, ['all others, and between them', '', s(rest), share(rest)], ['a call', '', s(whole), '']],
    ),
  ].join('\n\n')
}
