import { Graph, type ModelGraph, typeNumbers } from '../onnx/graph.js'
import { openEngine } from './engine.js'
import type { Device } from './messages.js'

const length = 64

/**
 * Whether a device multiplies 8-bit integers without losing any of a product: it has the instructions for them (VNNI on
 * x86, dot products on ARM), and they are fast. Without them onnxruntime adds pairs of products in 16 bits, which saturate.
 */
export function hasExactInt8(device: Device): Promise<boolean> {
  const known = answers.get(device)
  if (known) return known
  const answer = tried(device)
  answers.set(device, answer)
  answer.catch(() => answers.delete(device))
  return answer
}

const answers = new Map<Device, Promise<boolean>>()

async function tried(device: Device): Promise<boolean> {
  const key = 'trial of int8'
  const engine = openEngine(device)
  const { sum } = await engine.run({ key, build: largestProducts }, {})
  await engine.release(key)
  return sum.data.every(value => value === length * 255 * 127)
}

/** A row of the largest unsigned bytes times columns of the largest signed ones. */
function largestProducts(): ModelGraph {
  const graph = new Graph()
  const bytes = (value: number, shape: number[], dtype: 'uint8' | 'int8') =>
    graph.node('Cast', [graph.constant('float32', Array(shape[0] * shape[1]).fill(value), shape)], shape, {
      attributes: { to: typeNumbers[dtype] },
      dtype,
    })
  const product = graph.node(
    'MatMulInteger',
    [bytes(255, [1, length], 'uint8'), bytes(127, [length, 16], 'int8')],
    [1, 16],
    { dtype: 'int32' },
  )
  graph.output(
    graph.node('Cast', [product], [1, 16], { attributes: { to: typeNumbers.float32 }, dtype: 'float32' }),
    'sum',
  )
  return graph.build()
}
