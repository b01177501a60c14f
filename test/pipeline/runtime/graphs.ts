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

/** Sides of the weights of `slow`. */
export const side = 1024

/** Some tenths of a second for each file, one after the other; a file holds a matrix of floats, and is a piece's. */
export function slow(files: string[]): EngineModel {
  const length = 4 * side ** 2
  const stages = model(`slow ${files}`, graph => {
    const one = graph.node('ReduceSum', [graph.input('x', 'float32', [2])], [])
    let y: Value = graph.node('Expand', [one, graph.constant('int64', [side, side])], [side, side])
    for (const file of files) {
      const weight = graph.external(file, { dtype: 'F32', shape: [side, side], file, offset: 0, length })
      for (let i = 0; i < 15; i++) y = graph.node('MatMul', [y, weight], [side, side])
    }
    graph.output(graph.node('ReduceMax', [y], []), 'y')
  })
  return { ...stages, pieceBytes: length }
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
