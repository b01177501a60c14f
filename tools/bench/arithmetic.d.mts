import type { Node } from '../../src/pipeline/onnx/graph.js'

export function operationsByType(nodes: readonly Node[]): Record<string, number>
