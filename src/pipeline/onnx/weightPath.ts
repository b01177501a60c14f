import type { WeightTensor } from '../weights/safetensors.js'

/** Gives the tensor of a key; a block says which shape it needs. */
export type WeightSource = (key: string, shape: readonly number[]) => WeightTensor

/** A place in a state dict: `p.at('attn1').at('to_q')` holds `….attn1.to_q.weight`. */
export class WeightPath {
  constructor(
    private readonly source: WeightSource,
    readonly path = '',
  ) {}

  at(...names: (string | number)[]): WeightPath {
    return new WeightPath(this.source, [this.path, ...names].filter(name => name !== '').join('.'))
  }

  /** The same place under longer names, for a graph that holds another network with the same ones. */
  named(prefix: string): WeightPath {
    const source: WeightSource = (key, shape) => this.source(key.slice(prefix.length + 1), shape)
    return new WeightPath(source, [prefix, this.path].filter(name => name !== '').join('.'))
  }

  take(name: string, shape: readonly number[]): { key: string; tensor: WeightTensor } {
    const key = this.path === '' ? name : `${this.path}.${name}`
    return { key, tensor: this.source(key, shape) }
  }
}
