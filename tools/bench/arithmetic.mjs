/**
 * The floating-point operations of a graph's products, convolutions and attention by type of operator, two for each multiplication with its sum.
 * @param nodes of a ModelGraph
 */
export function operationsByType(nodes) {
  const sums = {}
  for (const node of nodes) {
    const operations = 2 * (multiplications[node.type]?.(node) ?? 0)
    if (operations) sums[node.type] = (sums[node.type] ?? 0) + operations
  }
  return sums
}

const count = shape => shape.reduce((product, dim) => product * dim, 1)

/** By ONNX's and onnxruntime's operators; none of ours has groups. */
const multiplications = {
  MatMul: ({ inputs: [a], outputs: [y] }) => count(y.shape) * a.shape.at(-1),
  FusedMatMul: ({ inputs: [a], outputs: [y] }) => count(y.shape) * a.shape.at(-1),
  Conv: ({ inputs: [, weight], outputs: [y] }) => count(y.shape) * count(weight.shape.slice(1)),
  ConvTranspose: ({ inputs: [x, weight] }) => count(x.shape) * count(weight.shape.slice(1)),
  // scores, and the sums of values that they weight
  MultiHeadAttention: ({ inputs: [q, k, v] }) => count(q.shape) * k.shape[1] + count(v.shape) * q.shape[1],
}
