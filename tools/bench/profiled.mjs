import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { source } from '../source.mjs'
import { secondsByOperator } from './operators.mjs'

/** onnxruntime's own profile of `calls` runs of a graph after `before` others, the session made as the engine makes it. */
export async function profiled(model, inputs, { before, calls }) {
  const { sessionOptions } = await source('pipeline/runtime/sessionOptions.ts')
  const { serialized } = await source('pipeline/onnx/serialized.ts')
  const { bytes, externalDataRoot } = serialized(await model.build())
  const traces = await mkdtemp(join(tmpdir(), 'sdnb-bench-'))
  const session = await InferenceSession.create(bytes, {
    ...sessionOptions('cpu', externalDataRoot),
    enableProfiling: true,
    profileFilePrefix: join(traces, 'network'),
  })
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
  )
  for (let i = 0; i < before + calls; i++) await session.run(feeds)
  session.endProfiling()
  const [trace] = await readdir(traces)
  const events = JSON.parse(await readFile(join(traces, trace), 'utf8'))
  await session.release()
  await rm(traces, { recursive: true })
  return secondsByOperator(events, before)
}
