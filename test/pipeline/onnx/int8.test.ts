import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Layers } from '../../../src/pipeline/onnx/layers.js'
import { WeightPath } from '../../../src/pipeline/onnx/weightPath.js'
import { openEngine } from '../../../src/pipeline/runtime/engine.js'
import { hasExactInt8 } from '../../../src/pipeline/runtime/exactInt8.js'
import { run } from '../models/support.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'int8-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Weights of one layer, each in a file of its own. */
async function layer(weights: Record<string, Float32Array | Int8Array>): Promise<WeightPath> {
  for (const [name, data] of Object.entries(weights)) await writeFile(path.join(folder, name), data)
  return new WeightPath(
    (name, shape) => {
      const data = weights[name]
      const dtype = data instanceof Int8Array ? 'I8' : 'F32'
      return { dtype, shape: [...shape], file: path.join(folder, name), offset: 0, length: data.byteLength }
    },
    '',
    'weight.int8' in weights,
  )
}

const layers = () => new Layers({ provider: 'cpu', attention: { kind: 'fused' } })

// Where x spans 255 and a weight's largest is a whole multiple of 127, nothing is rounded.
test('a linear layer', async () => {
  const p = await layer({
    'weight.int8': Int8Array.of(1, 0, 0, 2),
    'weight.scale': Float32Array.of(1, 0.5),
    bias: Float32Array.of(10, 20),
  })
  const g = layers()
  g.output('y', g.linear(g.input('x', [1, 2, 2]), p, 2, { int8: true }))
  const { y } = await run(g.build(), { x: { dims: [1, 2, 2], data: Float32Array.of(-100, 155, 3, 4) } })
  expect([...y.data]).toEqual([-90, 175, 13, 24])
})

test('a 3×3 convolution is that of floating point, its edges too', async () => {
  const [channels, inputs, size] = [2, 3, 4]
  const weight = Int8Array.from({ length: channels * inputs * 9 }, (_, i) => ((i * 37) % 255) - 127)
  const x = Float32Array.from({ length: 2 * inputs * size * size }, (_, i) => [-100, 155][i] ?? ((i * 53) % 256) - 100)
  const bias = Float32Array.of(1, -1)
  const columns = Int8Array.from({ length: weight.length }, (_, i) => {
    const [row, channel] = [Math.floor(i / channels), i % channels]
    const [tap, input] = [Math.floor(row / inputs), row % inputs]
    return weight[(channel * inputs + input) * 9 + tap]
  })
  const exact = await layer({ weight: Float32Array.from(weight), bias })
  const small = await layer({ 'weight.int8': columns, 'weight.scale': Float32Array.of(1, 1), bias })
  const [expected, actual] = [layers(), layers()]
  for (const [g, p] of [
    [expected, exact],
    [actual, small],
  ] as const)
    g.output('y', g.conv2d(g.input('x', [2, inputs, size, size]), p, channels, { int8: true }))
  const input = { x: { dims: [2, inputs, size, size], data: x } }
  expect((await run(actual.build(), input)).y).toEqual((await run(expected.build(), input)).y)
})

test('the trial answers with what the processor says of itself', async () => {
  const { flags } = await processor()
  const answer = await hasExactInt8('cpu')
  await openEngine('cpu').dispose()
  if (flags) expect(answer).toBe(/\bavx(512)?_vnni\b/.test(flags))
  else expect(typeof answer).toBe('boolean')
})

async function processor(): Promise<{ flags?: string }> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  return { flags: /^flags\s*:(.*)$/m.exec(text)?.[1] }
}
