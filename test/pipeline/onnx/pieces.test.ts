import { expect, test } from 'vitest'
import { Graph, type Value } from '../../../src/pipeline/onnx/graph.js'
import { type Piece, pieces } from '../../../src/pipeline/onnx/pieces.js'
import type { WeightTensor } from '../../../src/pipeline/weights/safetensors.js'

/** So many floats. */
const floats = (count: number): WeightTensor => ({
  ...{ dtype: 'F32', shape: [count], file: '/weights', offset: 0, length: 4 * count },
})

/** `inputs → outputs: operators, weights; spent`, by their names. */
const shown = ({ inputs, outputs, nodes, initializers, spent }: Piece) =>
  `${names(inputs)} → ${names(outputs)}: ${nodes.map(({ type }) => type).join(' ')}, ${[...initializers.keys()].join(' ')}; ${spent.join(' ')}`
const names = (values: readonly Value[]) => values.map(({ name }) => name).join(' ')

/** x [2] and, one after the other, terms of two floats. */
function sum(terms: string[], after = (total: Value, _graph: Graph, _x: Value) => total) {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2])
  const add = (total: Value, term: string) => graph.node('Add', [total, graph.external(term, floats(2))], [2])
  graph.output(after(terms.reduce(add, x), graph, x), 'y')
  return graph.build()
}

test('a piece holds so many bytes of weights', () => {
  expect(pieces(sum(['a', 'b', 'c']), 16).map(shown)).toEqual([
    'x → Add_1: Add Add, a b; x',
    'Add_1 → y: Add Identity, c; Add_1',
  ])
})

test('more than all is one piece', () => {
  expect(pieces(sum(['a', 'b', 'c']), 1000).map(shown)).toEqual(['x → y: Add Add Add Identity, a b c; x'])
})

test('less than a node takes is a piece of that node', () => {
  expect(pieces(sum(['a', 'b']), 1).map(shown)).toEqual(['x → Add_0: Add, a; x', 'Add_0 → y: Add Identity, b; Add_0'])
})

test('a value that pieces take later is kept until the last of them has run', () => {
  const graph = sum(['a', 'b', 'c'], (total, graph, x) => graph.node('Mul', [total, x], [2]))
  expect(pieces(graph, 8).map(shown)).toEqual([
    'x → Add_0: Add, a; ',
    'Add_0 → Add_1: Add, b; Add_0',
    'Add_1 x → y: Add Mul Identity, c; x Add_1',
  ])
})

test('a weight of several pieces is in each', () => {
  expect(pieces(sum(['a', 'b', 'a']), 8).map(shown)).toEqual([
    'x → Add_0: Add, a; x',
    'Add_0 → Add_1: Add, b; Add_0',
    'Add_1 → y: Add Identity, a; Add_1',
  ])
})

test('a weight that a piece takes twice counts once', () => {
  expect(pieces(sum(['a', 'a', 'b']), 8).map(shown)).toEqual([
    'x → Add_1: Add Add, a; x',
    'Add_1 → y: Add Identity, b; Add_1',
  ])
})

test('what follows from weights alone is made in each piece that takes it', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2])
  const half = graph.external('a', { ...floats(2), dtype: 'F16', length: 4 })
  const whole = graph.node('Cast', [half], [2], { attributes: { to: 1 }, dtype: 'float32' })
  const first = graph.node('Add', [x, whole], [2])
  const second = graph.node('Add', [first, graph.external('b', floats(2))], [2])
  graph.output(graph.node('Mul', [second, whole], [2]), 'y')
  expect(pieces(graph.build(), 8).map(shown)).toEqual([
    'x → Add_1: Cast Add, a; x',
    'Add_1 → Add_2: Add, b; Add_1',
    'Add_2 → y: Cast Mul Identity, a; Add_2',
  ])
})

test('a result of the graph that comes early is kept, and so is an input that is passed on', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2])
  graph.output(x, 'same')
  const first = graph.node('Add', [x, graph.external('a', floats(2))], [2])
  graph.output(first, 'early')
  graph.output(graph.node('Add', [first, graph.external('b', floats(2))], [2]), 'late')
  graph.input('unused', 'float32', [2])
  expect(pieces(graph.build(), 8).map(shown)).toEqual([
    'x → same Add_0 early: Identity Add Identity, a; x unused',
    'Add_0 → late: Add Identity, b; Add_0',
  ])
})

test('a cut is where the least is alive, if half of what a piece may hold is before it', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2])
  const first = graph.node('Add', [x, graph.external('a', floats(2))], [2])
  const narrow = graph.node('Slice', [first], [1])
  const wide = graph.node('Expand', [narrow], [100])
  graph.output(graph.node('Add', [wide, graph.external('b', floats(100))], [100]), 'y')
  expect(pieces(graph.build(), 16).map(shown)).toEqual([
    'x → Slice_1: Add Slice, a; x',
    'Slice_1 → y: Expand Add Identity, b; Slice_1',
  ])
})

test('a graph without inputs is cut, too', () => {
  const graph = new Graph()
  for (const name of ['a', 'b']) graph.output(graph.node('Relu', [graph.external(name, floats(2))], [2]), `${name}+`)
  expect(pieces(graph.build(), 8).map(shown)).toEqual([' → a+: Relu Identity, a; ', ' → b+: Relu Identity, b; '])
})
