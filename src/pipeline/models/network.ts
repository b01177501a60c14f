import { callerSignal } from '../callerSignal.js'
import type { ModelGraph } from '../onnx/graph.js'
import type { Attention, LayerOptions } from '../onnx/layers.js'
import { type Device, type EngineTensor, openEngine } from '../runtime/engine.js'
import type { Tensor } from '../tensor.js'

/** Where and how a part runs; the parts of one pipeline share one. */
export interface Placement {
  device: Device
  /** the CPU computes in float32 all the same */
  dtype: 'float32' | 'float16'
  attention: Attention
}

/** A part's graph on its device. One session at a time: another shape, device or attention takes the place of the last. */
export interface Network<Shape> {
  run(shape: Shape, inputs: Record<string, EngineTensor>, signal?: AbortSignal): Promise<Record<string, Tensor>>
  /** Frees the session's memory; the next run makes it anew. */
  release(): Promise<void>
}

let networks = 0

export function network<Shape extends object>(
  name: string,
  placement: Placement,
  build: (shape: Shape, layers: LayerOptions) => ModelGraph,
): Network<Shape> {
  const prefix = `${name}#${networks++} `
  let loaded: { device: Device; key: string } | undefined

  async function release(): Promise<void> {
    if (!loaded) return
    const { device } = loaded
    loaded = undefined
    await openEngine(device).release(prefix) // calls at once may have left more than one
  }

  return {
    release,
    async run(shape, inputs, signal) {
      const { device, dtype, attention } = placement
      const key = `${prefix}${JSON.stringify([shape, attention])}`
      if (loaded && (loaded.key !== key || loaded.device !== device)) await release()
      loaded = { device, key }
      const precision = device === 'cpu' ? 'float32' : dtype
      const model = { key, build: () => build(shape, { provider: device, attention, precision }) }
      return openEngine(device).run(model, inputs, { signal: callerSignal(signal) })
    },
  }
}
