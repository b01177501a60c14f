import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { ModelGraph } from '../../../src/pipeline/onnx/graph.js'
import { type SerializedModel, serialized } from '../../../src/pipeline/onnx/serialized.js'
import { readSafetensors, type WeightTensor } from '../../../src/pipeline/weights/safetensors.js'
import { readSafetensorsIndex } from '../../../src/pipeline/weights/safetensorsIndex.js'

export interface Values {
  dims: number[]
  data: Float32Array | Int32Array
}

/** Runs a graph on the CPU, in this process. */
export async function run(graph: ModelGraph, inputs: Record<string, Values>): Promise<Record<string, Values>> {
  return runModel(serialized(graph), inputs)
}

export async function runModel(
  { bytes, externalDataRoot }: SerializedModel,
  inputs: Record<string, Values>,
): Promise<Record<string, Values>> {
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'extended',
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: externalDataRoot } },
  })
  try {
    const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [name, ortTensor(data, dims)] as const)
    const results = await session.run(Object.fromEntries(feeds))
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims: [...dims] }]),
    )
  } finally {
    await session.release()
  }
}

function ortTensor(data: Float32Array | Int32Array, dims: number[]): OrtTensor {
  return data instanceof Float32Array ? new OrtTensor('float32', data, dims) : new OrtTensor('int32', data, dims)
}

/** The values of an F32 or I32 tensor in a file. */
export function values({ file, offset, length, dtype, shape }: WeightTensor): Values {
  const bytes = new Uint8Array(readFileSync(file).subarray(offset, offset + length)).buffer
  return { dims: shape, data: dtype === 'I32' ? new Int32Array(bytes) : new Float32Array(bytes) }
}

/** The largest difference, as a part of the largest expected value. */
export function difference(actual: Values, expected: Values): number {
  if (actual.dims.join() !== expected.dims.join())
    throw new Error(`expected [${expected.dims.join(', ')}], got [${actual.dims.join(', ')}]`)
  let worst = 0
  let largest = 0
  for (const [i, value] of expected.data.entries()) {
    const apart = Math.abs(actual.data[i] - value)
    if (!(apart <= worst)) worst = apart
    largest = Math.max(largest, Math.abs(value))
  }
  return worst / largest
}

/** A folder of test/fixtures/models. */
export async function fixture(name: string) {
  const folder = new URL(`../../fixtures/models/${name}/`, import.meta.url)
  const path = (file: string) => fileURLToPath(new URL(file, folder))
  const config: Record<string, unknown> = JSON.parse(readFileSync(path('config.json'), 'utf8'))
  const index = path('diffusion_pytorch_model.safetensors.index.json')
  const single = existsSync(path('model.safetensors')) ? 'model.safetensors' : 'diffusion_pytorch_model.safetensors'
  const weights = existsSync(index) ? await readSafetensorsIndex(index) : await readSafetensors(path(single))
  const tensors = await readSafetensors(path('expected.safetensors'))
  return {
    config,
    where: `${name}/config.json`,
    weights,
    /** how many calls `expected.safetensors` holds, numbered 0, 1, … */
    calls: new Set([...tensors.keys()].map(key => key.split('.')[0])).size,
    expected: (key: string) => values(tensors.get(key)!),
  }
}

/** Every key of a configuration class of diffusers or transformers, with its default. */
export function signature(name: string): Record<string, unknown> {
  const path = new URL('../../fixtures/models/signatures.json', import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8'))[name]
}

export const onCpu = { provider: 'cpu', attention: { kind: 'fused' } } as const
