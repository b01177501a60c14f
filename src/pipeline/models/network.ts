import { callerSignal } from '../callerSignal.js'
import { CorruptWeightsError, UnsupportedModelError } from '../errors.js'
import type { ModelGraph } from '../onnx/graph.js'
import type { Attention, LayerOptions } from '../onnx/layers.js'
import { type Device, deviceKind, type EngineTensor, openEngine } from '../runtime/engine.js'
import type { Tensor } from '../tensor.js'

/** Where and how a part runs; the parts of one pipeline share one. */
export interface Placement {
  device: Device
  /** the CPU computes in float32 all the same */
  dtype: 'float32' | 'float16'
  attention: Attention
  /** a run has so many bytes of weights on the device at a time, and leaves none there (all of them, until its release) */
  pieceBytes?: number | undefined
}

export interface RunOptions {
  signal?: AbortSignal
  /** instead of the placement's, as `resolveDevice` names it */
  device?: Device
}

/** What every network has that loads alone. */
export interface Part<Config> {
  /** config.json, in camelCase, with every default */
  readonly config: Config
  /** where it runs, and in which type */
  readonly placement: Placement
  /** as the user named it, or the model that it is a part of */
  readonly source: string
  /** Frees the memory of its sessions; the next run makes them anew. */
  release(): Promise<void>
}

/** A part's graph. One session a device at a time: another shape or attention takes the place of the last. */
export interface Network<Shape> {
  run(shape: Shape, inputs: Record<string, EngineTensor>, options?: RunOptions): Promise<Record<string, Tensor>>
  /** Frees the memory of the sessions, on every device; the next run makes one anew. */
  release(): Promise<void>
}

/** Half precision ends at 65,504; what overflows would end as a black picture. */
function checkNumbers(name: string, { data }: Tensor, precision: 'float32' | 'float16'): void {
  if (areNumbers(data)) return
  if (precision === 'float16')
    throw new UnsupportedModelError(
      `the ${name} gave values that are no numbers: this model overflows half precision; load it with dtype: 'float32'`,
    )
  throw new CorruptWeightsError(
    `the ${name} gave values that are no numbers: its weights, or what it was given, hold such values; see whether ` +
      'latents or embeddings of your own do, else download the file again',
  )
}

function areNumbers(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false
  return true
}

let networks = 0

export function network<Shape extends object>(
  name: string,
  placement: Placement,
  build: (shape: Shape, layers: LayerOptions, signal?: AbortSignal) => ModelGraph | Promise<ModelGraph>,
): Network<Shape> {
  const prefix = `${name}#${networks++} `
  const loaded = new Map<Device, string>()

  async function releaseOn(device: Device): Promise<void> {
    loaded.delete(device)
    await openEngine(device).release(prefix) // calls at once may have left more than one
  }

  return {
    async release() {
      await Promise.all([...loaded.keys()].map(releaseOn))
    },
    async run(shape, inputs, { device = placement.device, ...options } = {}) {
      const signal = callerSignal(options.signal)
      const { dtype, attention, pieceBytes } = placement
      const key = `${prefix}${JSON.stringify([shape, attention, pieceBytes])}`
      if (loaded.has(device) && loaded.get(device) !== key) await releaseOn(device)
      loaded.set(device, key)
      const provider = deviceKind(device)
      const precision = provider === 'cpu' ? 'float32' : dtype
      const model = {
        key,
        build: () => build(shape, { provider, attention, precision }, signal),
        pieceBytes,
      }
      const outputs = await openEngine(device).run(model, inputs, { signal })
      for (const output of Object.values(outputs)) checkNumbers(name, output, precision)
      return outputs
    },
  }
}
