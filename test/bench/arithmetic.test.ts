import { expect, test } from 'vitest'
import { Layers } from '../../src/pipeline/onnx/layers.js'
import { operationsByType } from '../../tools/bench/arithmetic.mjs'

test('a multiplication and its sum are two operations', () => {
  const g = new Layers({ provider: 'cpu', attention: { kind: 'fused' } })
  const input = (name: string, ...shape: number[]) => g.input(name, shape)
  g.product(input('x', 2, 3), input('weight', 4, 3)) // 2·4 sums of 3
  g.matMul(input('a', 5, 2, 3), input('b', 5, 3, 4)) // 5 times as many
  g.convolution(input('image', 1, 2, 4, 4), input('filters', 3, 2, 3, 3), undefined, {}) // 3·4·4 sums of 2·9
  g.attention(input('q', 1, 6, 8), input('k', 1, 5, 8), input('v', 1, 5, 8), { heads: 2 }) // 6·5 scores of 8, and 6·8 sums of 5
  g.add(input('c', 1), input('d', 1))
  expect(operationsByType(g.build().nodes)).toEqual({
    FusedMatMul: 2 * 24,
    MatMul: 2 * 120,
    Conv: 2 * 864,
    MultiHeadAttention: 2 * 480,
  })
})
