import { Graph, type ModelGraph } from '../onnx/graph.js'
import { type Tensor, tensor } from '../tensor.js'

const heads = 2
const channels = 32
const queries = 35
const keys = 70

interface Trial {
  graph(): ModelGraph
  inputs: Record<'q' | 'k' | 'v', Tensor>
  isRight(output: Tensor): boolean
}

/**
 * A small graph with a known answer, to try a device with: attention of two heads over more keys than one tile of a GPU
 * kernel holds. Drivers have run it without an error and with a wrong answer, and pictures were wrong.
 */
export const trial: Trial = {
  graph() {
    const graph = new Graph()
    const q = graph.input('q', 'float32', [1, queries, channels])
    const k = graph.input('k', 'float32', [1, keys, channels])
    const v = graph.input('v', 'float32', [1, keys, channels])
    const attention = { attributes: { num_heads: heads }, domain: 'com.microsoft' }
    graph.output(graph.node('MultiHeadAttention', [q, k, v], [1, queries, channels], attention), 'y')
    return graph.build()
  },
  inputs: { q: wave(queries, 1.1), k: wave(keys, 1.1), v: wave(keys, 1.3) },
  isRight({ data }) {
    const values = expected()
    const largest = Math.max(...values.map(Math.abs))
    return values.every((value, i) => Math.abs(value - data[i]) < 0.01 * largest)
  },
}

function wave(length: number, step: number): Tensor {
  return tensor(
    Array.from({ length: length * channels }, (_, i) => Math.sin(step * i)),
    [1, length, channels],
  )
}

/** softmax(q·kᵀ/√d)·v, value by value. */
function expected(): number[] {
  const { q, k, v } = trial.inputs
  const size = channels / heads
  return Array.from(q.data, (_, i) => {
    const [row, channel] = [Math.floor(i / channels), i % channels]
    const first = channel - (channel % size)
    const weights = Array.from({ length: keys }, (_, key) => {
      let dot = 0
      for (let c = first; c < first + size; c++) dot += q.data[row * channels + c] * k.data[key * channels + c]
      return Math.exp(dot / Math.sqrt(size))
    })
    const sum = weights.reduce((total, weight) => total + weight, 0)
    return weights.reduce((total, weight, key) => total + (weight / sum) * v.data[key * channels + channel], 0)
  })
}
