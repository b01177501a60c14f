import { s, table } from './markdown.mjs'
import { unetOf } from './network.mjs'
import { profiled } from './profiled.mjs'

export const title = 'Where a call of the U-Net spends its time'

const calls = 3

export async function measure({ folder }) {
  const { model, inputs, size } = await unetOf(folder, { kind: 'fused' })
  return { size, calls, ...(await profiled(model, inputs, { before: 1, calls })) }
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
