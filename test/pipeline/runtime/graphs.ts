import { Graph, type Value } from '../../../src/pipeline/onnx/graph.js'
import type { EngineModel } from '../../../src/pipeline/runtime/engine.js'
import { tensor } from '../../../src/pipeline/tensor.js'

export const x = tensor([1, 2], [2])

/** y = factor · x, for x [2]. */
export function times(factor: number, key = `times ${factor}`): EngineModel {
  return model(key, graph => {
    const input = graph.input('x', 'float32', [2])
    graph.output(graph.node('Mul', [input, graph.constant('float32', [factor], [])], [2]), 'y')
  })
}

/** Minutes of matrix products: a run to abort, kill and outlive. */
export function endless(key = 'endless'): EngineModel {
  return model(key, graph => {
    const input = graph.input('x', 'float32', [2])
    const one = graph.node('ReduceSum', [input], [])
    let square: Value = graph.node('Expand', [one, graph.constant('int64', [2048, 2048])], [2048, 2048])
    for (let i = 0; i < 1000; i++) square = graph.node('MatMul', [square, square], [2048, 2048])
    graph.output(graph.node('ReduceMax', [square], []), 'y')
  })
}

/** Asks for 4 · count bytes. */
export function hungry(count: number): EngineModel {
  return model(`hungry ${count}`, graph => {
    const input = graph.input('x', 'float32', [2])
    const one = graph.node('ReduceSum', [input], [])
    const huge = graph.node('Expand', [one, graph.constant('int64', [count])], [count])
    graph.output(graph.node('ReduceMax', [graph.node('Exp', [huge], [count])], []), 'y')
  })
}

function model(key: string, write: (graph: Graph) => void): EngineModel {
  return {
    key,
    build() {
      const graph = new Graph()
      write(graph)
      return graph.build()
    },
  }
}
