import { source } from '../source.mjs'
import { operationsByType } from './arithmetic.mjs'
import { s, table } from './markdown.mjs'
import { unetOf } from './network.mjs'
import { profiled } from './profiled.mjs'

export const title = 'Where a call of the U-Net spends its time'

const calls = 3
const side = 2048

export async function measure({ folder }) {
  const { model, inputs, size } = await unetOf(folder, { kind: 'fused' })
  const rate = await rateOfProducts()
  const operations = operationsByType((await model.build()).nodes)
  return { size, calls, rate, operations, ...(await profiled(model, inputs, { before: 1, calls })) }
}

/** What this machine computes at most: operations a second of a product of two matrices alone. */
async function rateOfProducts() {
  const { Layers } = await source('pipeline/onnx/layers.ts')
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  const [a, b] = ['a', 'b'].map(name => g.input(name, [side, side]))
  g.output('y', g.product(a, b))
  const graph = g.build()
  const ones = { type: 'float32', dims: [side, side], data: new Float32Array(side * side).fill(1) }
  const { operators } = await profiled({ build: () => graph }, { a: ones, b: ones }, { before: 3, calls: 10 })
  const { operator, seconds } = operators[0]
  return operationsByType(graph.nodes)[operator] / seconds
}

export function section({ size, calls, rate, operations, whole, operators }) {
  const named = operators.filter(({ seconds }) => seconds >= whole / 100)
  const share = seconds => `${((100 * seconds) / whole).toFixed(1)} %`
  const rest = whole - named.reduce((sum, { seconds }) => sum + seconds, 0)
  const arithmetic = (count = 0, seconds) =>
    count ? [(count / 1e9).toFixed(0), (count / 1e9 / seconds).toFixed(0)] : ['', '']
  const rows = named.map(({ operator, count, seconds }) => [
    ...[operator, `${count}`, s(seconds), share(seconds)],
    ...arithmetic(operations[operator], seconds),
  ])
  const all = Object.values(operations).reduce((sum, count) => sum + count)
  return [
    `By onnxruntime's profile, ${size} × ${size}, batch 1, float32, CPU; means of ${calls} calls after the first. A product of two matrices of ` +
      `${side.toLocaleString('en')} rows alone runs at ${(rate / 1e9).toFixed(0)} GFLOP/s on this machine, at which the arithmetic of a call takes ${s(all / rate)}.`,
    table(
      ['operator', 'nodes', 'a call', 'share', 'GFLOP', 'GFLOP/s'],
      [
        ...rows,
        ['all others, and between them', '', s(rest), share(rest), '', ''],
        ['a call', '', s(whole), '', ...arithmetic(all, whole)],
      ],
    ),
  ].join('\n\n')
}
