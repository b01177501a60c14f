import type { Delta, LayerAdapters, ScaledDelta } from '../onnx/adapters.js'
import type { Tensor } from '../tensor.js'

/** What an adapter adds to a network: by path of the layer a delta, and what it is multiplied by whatever the adapter weighs (alpha / rank). */
export type Adapter = ReadonlyMap<string, { delta: Delta; factor: number }>

/** The adapters of one network. Loading, activating and fusing make another graph; weights and scales are an input of it. */
export interface NetworkAdapters {
  readonly loaded: ReadonlyMap<string, Adapter>
  /** name → weight, in the order in which they were activated */
  readonly active: ReadonlyMap<string, number>
  /** false: only what is fused has an effect */
  enabled: boolean
  /** Beside those that are active. */
  load(name: string, adapter: Adapter): void
  remove(name: string): void
  /** These alone; names that are not loaded here are left out. */
  activate(weights: ReadonlyMap<string, number>): void
  /** Adds active adapters, with their weights times `scale`, to the network itself: they remain when they are removed. */
  fuse(scale: number, names: readonly string[]): void
  /** Takes away all that was fused. */
  unfuse(): void
  /** name → weight of those that a run has; the name ends in ` fused` where that is so */
  inEffect(): Map<string, number>
  /**
   * What a run needs.
   * @param scale of all adapters that are not fused
   * @returns `shape` for the network's shape and `inputs` beside its own; both empty where there is no adapter
   */
  forRun(scale?: number): { shape: { adapters?: LayerAdapters }; inputs: { adapter_scales?: Tensor } }
}

export function networkAdapters(): NetworkAdapters {
  const loaded = new Map<string, Adapter>()
  const ids = new WeakMap<Adapter, number>()
  const active = new Map<string, number>()
  const fused: { name: string; adapter: Adapter; weight: number }[] = []
  const ownFused = new Set<string>()
  let graph: GraphAdapters | undefined
  let enabled = true
  const running = () => (enabled ? [...active].filter(([name]) => !ownFused.has(name)) : [])

  return {
    loaded,
    active,
    get enabled() {
      return enabled
    },
    set enabled(value) {
      enabled = value
      graph = undefined
    },
    load(name, adapter) {
      loaded.set(name, adapter)
      ids.set(adapter, loads++)
      graph = undefined
    },
    remove(name) {
      loaded.delete(name)
      active.delete(name)
      ownFused.delete(name)
      graph = undefined
    },
    activate(weights) {
      const own = [...weights].filter(([name]) => loaded.has(name))
      if (own.map(([name]) => name).join('\n') !== [...active.keys()].join('\n')) graph = undefined
      active.clear()
      for (const [name, weight] of own) active.set(name, weight)
    },
    fuse(scale, names) {
      for (const name of names) {
        if (!active.has(name) || ownFused.has(name)) continue
        fused.push({ name, adapter: loaded.get(name)!, weight: active.get(name)! * scale })
        ownFused.add(name)
      }
      graph = undefined
    },
    unfuse() {
      fused.length = 0
      ownFused.clear()
      graph = undefined
    },
    inEffect: () => new Map([...running(), ...fused.map(({ name, weight }) => [`${name} fused`, weight] as const)]),
    forRun(scale = 1) {
      const beside = running()
      if (beside.length + fused.length === 0) return { shape: {}, inputs: {} }
      graph ??= graphAdapters(
        beside.map(([name]) => loaded.get(name)!),
        fused,
        ids,
      )
      const scales = beside.flatMap(([name, weight]) =>
        [...loaded.get(name)!.values()].map(({ factor }) => factor * weight * scale),
      )
      const data = Float32Array.of(...scales, 1)
      return {
        shape: { adapters: graph },
        inputs: beside.length > 0 ? { adapter_scales: { type: 'float32', dims: [data.length], data } } : {},
      }
    },
  }
}

let loads = 0

/** As part of a network's shape it is written as its id, so that the same adapters find their session. */
interface GraphAdapters extends LayerAdapters {
  toJSON(): string
}

function graphAdapters(
  running: readonly Adapter[],
  fused: readonly { adapter: Adapter; weight: number }[],
  ids: WeakMap<Adapter, number>,
): GraphAdapters {
  const layers = new Map<string, ScaledDelta[]>()
  const add = (path: string, delta: ScaledDelta) => layers.set(path, [...(layers.get(path) ?? []), delta])
  const keyOf = (adapter: Adapter, path: string) => `adapter ${ids.get(adapter)} ${path}`
  for (const { adapter, weight } of fused)
    for (const [path, { delta, factor }] of adapter)
      add(path, { key: keyOf(adapter, path), delta, scale: { fixed: factor * weight } })
  let scales = 0
  for (const adapter of running)
    for (const [path, { delta }] of adapter) add(path, { key: keyOf(adapter, path), delta, scale: { input: scales++ } })
  const id = [...running.map(one => ids.get(one)), ...fused.map(one => `${ids.get(one.adapter)}=${one.weight}`)].join()
  return { layers, scales: scales > 0 ? scales + 1 : 0, toJSON: () => id }
}
