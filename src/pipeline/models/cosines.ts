import type { Value } from '../onnx/graph.js'
import type { Layers } from '../onnx/layers.js'

/** The cosine of the angle between each row of a and each of b, [a, n], [b, n] → [a, b]; in float32. */
export function cosines(g: Layers, a: Value, b: Value): Value {
  const [left, right] = [unit(g, a), unit(g, b)]
  return g.matMul(left, g.transpose(right, [1, 0]))
}

/** torch's F.normalize. */
function unit(g: Layers, rows: Value): Value {
  const x = g.cast(rows, 'float32')
  const [count, size] = x.shape
  const ones = g.graph.constant('float32', Array(size).fill(1), [size, 1])
  const length = g.unary('Sqrt', g.matMul(g.mul(x, x), ones))
  return g.node('Div', [x, g.node('Max', [length, g.graph.constant('float32', [1e-12], [])], [count, 1])], x.shape)
}
