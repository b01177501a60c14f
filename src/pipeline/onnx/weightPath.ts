import type { WeightTensor } from '../weights/safetensors.js'

/** Gives the tensor of a key; a block says which shape it needs. */
export type WeightSource = (key: string, shape: readonly number[]) => WeightTensor

/** A place in a state dict: `p.at('attn1').at('to_q')` holds `….attn1.to_q.weight`. */
export class WeightPath {
  constructor(
    private readonly source: WeightSource,
    readonly path = '',
    /** of what bears it, there is `weight.int8` with `weight.scale` for `weight` */
    readonly isInt8 = false,
  ) {}

  at(...names: (string | number)[]): WeightPath {
    return new WeightPath(this.source, [this.path, ...names].filter(name => name !== '').join('.'), this.isInt8)
  }

  /** The same place under longer names, for a graph that holds another network with the same ones. */
  named(prefix: string): WeightPath {
    const source: WeightSource = (key, shape) => this.source(key.slice(prefix.length + 1), shape)
    return new WeightPath(source, [prefix, this.path].filter(name => name !== '').join('.'), this.isInt8)
  }

  take(name: string, shape: readonly number[]): { key: string; tensor: WeightTensor } {
    const key = this.path === '' ? name : `${this.path}.${name}`
    return { key, tensor: this.source(key, shape) }
  }
}
