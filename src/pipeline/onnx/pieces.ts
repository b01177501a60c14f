import { elementCount } from '../tensor.js'
import type { DataType, Initializer, ModelGraph, Node, Value } from './graph.js'

/** A stretch of a graph, as a graph of its own. */
export interface Piece extends ModelGraph {
  /** what the whole graph takes, or pieces before this one give, and nothing takes when this one has run */
  spent: string[]
}

/**
 * Cuts a graph into pieces to be run one after another, whose weights hold at most so many bytes unless a single node's hold more. A piece takes
 * what the graph takes and what pieces before it give; it gives what pieces after it take, or the graph gives. Values that follow from weights
 * alone, as the cast of one does, cross no cut: each piece makes those that it takes.
 */
export function pieces(graph: ModelGraph, most: number): Piece[] {
  const steps = stepsOf(graph)
  const ends = cuts(steps, most)
  const stretches = ends.map((end, i) => steps.slice(ends[i - 1] ?? 0, end))
  const lastTaken = new Map(graph.inputs.map(({ name }) => [name, 0]))
  for (const [i, stretch] of stretches.entries())
    for (const { taken } of stretch) for (const { name } of taken) lastTaken.set(name, i)
  for (const { name } of graph.outputs) lastTaken.set(name, Number.POSITIVE_INFINITY)

  return stretches.map((stretch, i) => {
    const made = new Map(stretch.flatMap(({ node }) => node.outputs.map(value => [value.name, value])))
    const taken = new Map(stretch.flatMap(({ taken }) => taken.map(value => [value.name, value])))
    const nodes = new Set(stretch.flatMap(({ node, before }) => [...before, node]))
    const weights = new Set(stretch.flatMap(({ weights }) => [...weights]))
    return {
      nodes: graph.nodes.filter(node => nodes.has(node)),
      inputs: [...taken.values()].filter(({ name }) => !made.has(name)),
      outputs: [...made.values()].filter(({ name }) => lastTaken.get(name)! > i),
      initializers: new Map([...graph.initializers].filter(([, weight]) => weights.has(weight))),
      spent: [...lastTaken].filter(([name, last]) => last === i && !made.has(name)).map(([name]) => name),
    }
  })
}

/** A node that waits for what flows through the graph, or gives a result of it. */
interface Step {
  node: Node
  /** what flows into it */
  taken: Value[]
  /** nodes that wait for weights alone and that it needs, in their order */
  before: ReadonlySet<Node>
  weights: ReadonlySet<Initializer>
}

function stepsOf({ nodes, outputs, initializers }: ModelGraph): Step[] {
  const fixed = new Map<string, Pick<Step, 'before' | 'weights'>>()
  for (const [name, weight] of initializers) fixed.set(name, { before: new Set(), weights: new Set([weight]) })
  const results = new Set(outputs)
  const steps: Step[] = []
  for (const node of nodes) {
    const inputs = node.inputs.filter(value => value !== undefined)
    const needs = inputs.map(({ name }) => fixed.get(name)).filter(need => need !== undefined)
    const before = new Set(needs.flatMap(need => [...need.before]))
    const weights = new Set(needs.flatMap(need => [...need.weights]))
    const taken = inputs.filter(({ name }) => !fixed.has(name))
    if (taken.length > 0 || node.outputs.some(value => results.has(value))) steps.push({ node, taken, before, weights })
    else for (const { name } of node.outputs) fixed.set(name, { before: before.add(node), weights })
  }
  return steps
}

/** Where each piece ends: of the places that leave it at least half of what it may hold, the one where the least is alive. */
function cuts(steps: readonly Step[], most: number): number[] {
  const alive = aliveBefore(steps)
  const ends: number[] = []
  for (let from = 0; from < steps.length; from = ends.at(-1)!) {
    const held = new Set<Initializer>()
    let bytes = 0
    let narrowest: number | undefined
    let end = from
    while (end < steps.length) {
      const added = [...steps[end].weights].filter(weight => !held.has(weight))
      const more = added.reduce((sum, weight) => sum + weightBytes(weight), 0)
      if (bytes > 0 && more > 0 && bytes + more > most) break
      for (const weight of added) held.add(weight)
      bytes += more
      end++
      if (2 * bytes >= most && (narrowest === undefined || alive[end] <= alive[narrowest])) narrowest = end
    }
    ends.push(end === steps.length ? end : (narrowest ?? end))
  }
  return ends
}

/** Bytes that flow over a cut before each step. */
function aliveBefore(steps: readonly Step[]): number[] {
  const last = new Map(steps.flatMap(({ taken }, i) => taken.map(({ name }) => [name, i])))
  const change = new Array<number>(steps.length + 1).fill(0)
  for (const [i, { node }] of steps.entries())
    for (const value of node.outputs) {
      change[i + 1] += bytesOf(value)
      change[(last.get(value.name) ?? i) + 1] -= bytesOf(value)
    }
  let bytes = 0
  return change.map(more => (bytes += more))
}

const weightBytes = (weight: Initializer): number => ('file' in weight ? weight.length : bytesOf(weight.value))

const bytesOf = ({ dtype, shape }: Value): number => elementCount(shape) * elementBytes[dtype]

const elementBytes: Record<DataType, number> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  uint8: 1,
  int8: 1,
  bool: 1,
}
