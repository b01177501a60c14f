import { CorruptWeightsError } from '../errors.js'
import { WeightPath } from '../onnx/weightPath.js'
import { elementCount } from '../tensor.js'
import type { Weights } from '../weights/safetensors.js'

/** Key → shape of every weight a configuration asks for. */
export type WeightShapes = Map<string, number[]>

/** Runs a network's builder and notes which weights it takes, in 8-bit integers those that bear it. */
export function recordWeightShapes(build: (p: WeightPath) => void, isInt8 = false): WeightShapes {
  const shapes: WeightShapes = new Map()
  build(
    new WeightPath(
      (key, shape) => {
        shapes.set(key, [...shape])
        return { dtype: 'F32', shape: [...shape], file: '/', offset: 0, length: 4 * elementCount(shape) }
      },
      '',
      isInt8,
    ),
  )
  return shapes
}

/**
 * The root of a state dict that holds exactly the weights its configuration asks for.
 * @param rename checkpoint key → the key that the blocks use; undefined for one that holds nothing to load
 * @throws CorruptWeightsError  naming the key that is missing, unasked for, or of another shape
 */
export function checkpoint(
  weights: Weights,
  expected: WeightShapes,
  rename: (key: string) => string | undefined = key => key,
): WeightPath {
  const renamed: Weights = new Map()
  for (const [key, tensor] of weights) {
    const name = rename(key)
    if (name === undefined) continue
    const shape = expected.get(name)
    if (!shape)
      throw new CorruptWeightsError(
        `${tensor.file}: no part of the model takes "${key}": the file and config.json do not belong together`,
      )
    if (renamed.has(name)) throw new CorruptWeightsError(`${tensor.file}: holds "${name}" twice, once as "${key}"`)
    if (!sameShape(tensor.shape, shape))
      throw new CorruptWeightsError(
        `${tensor.file}: expected shape [${shape.join(', ')}] for "${key}", got [${tensor.shape.join(', ')}]`,
      )
    renamed.set(name, tensor)
  }
  for (const [name, shape] of expected) {
    if (!renamed.has(name)) {
      const [{ file } = { file: 'the weights' }] = weights.values()
      throw new CorruptWeightsError(`${file}: expected "${name}" of shape [${shape.join(', ')}], found none`)
    }
  }
  return new WeightPath(key => renamed.get(key)!)
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}
