import { InvalidOptionError } from '../errors.js'
import type { Value } from './graph.js'
import type { AttentionOptions, Layers } from './layers.js'

/**
 * How attention is computed: `fused` never holds the scores; `plain` holds all of them; `sliced` holds those of a few
 * heads at a time. `sliceSize` has diffusers' meaning: heads (of all batch items) a slice, `auto` half of a layer's
 * heads, `max` one.
 */
export type Attention = { kind: 'fused' } | { kind: 'plain' } | { kind: 'sliced'; sliceSize: 'auto' | 'max' | number }

/** softmax(q·kᵀ/√d)·v. Vaswani et al. 2017, section 3.2.1; diffusers `AttnProcessor2_0`, `AttnProcessor`, `SlicedAttnProcessor`. */
export function attention(
  g: Layers,
  q: Value,
  k: Value,
  v: Value,
  { heads, mask, upcast, form }: AttentionOptions & { form: Attention },
): Value {
  const type = q.dtype
  if (upcast) [q, k, v] = [q, k, v].map(x => g.cast(x, 'float32'))
  if (form.kind === 'fused') return g.cast(fused(g, q, k, v, heads, mask), type)
  const size = form.kind === 'plain' ? q.shape[0] * heads : headsPerSlice(form.sliceSize, heads)
  return g.cast(sliced(g, q, k, v, heads, size, mask), type)
}

function fused(g: Layers, q: Value, k: Value, v: Value, heads: number, mask?: Value): Value {
  return g.node('MultiHeadAttention', [q, k, v, undefined, undefined, mask].slice(0, mask ? 6 : 3), q.shape, {
    attributes: { num_heads: heads },
    domain: 'com.microsoft',
  })
}

/** Slices of the joint batch and head dimension, one after another; one slice is plain attention. */
function sliced(g: Layers, q: Value, k: Value, v: Value, heads: number, size: number, mask?: Value): Value {
  const [batch, queries, channels] = q.shape
  const keys = k.shape[1]
  const channelsPerHead = channels / heads
  const byHead = (x: Value, perm: readonly number[]) => {
    const split = g.transpose(g.reshape(x, [batch, x.shape[1], heads, channelsPerHead]), perm)
    return g.reshape(split, [batch * heads, split.shape[2], split.shape[3]])
  }
  const scaled = g.scale(q, 1 / Math.sqrt(channelsPerHead))
  const sizes = slices(batch * heads, size)
  const [qs, ks, vs] = [byHead(scaled, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1]), byHead(v, [0, 2, 1, 3])].map(x =>
    g.split(x, sizes, 0),
  )
  const parts = sizes.map((_, i) => {
    const scores = g.matMul(qs[i], ks[i])
    return g.matMul(g.softmax(mask ? g.add(scores, g.reshape(mask, [1, queries, keys])) : scores), vs[i])
  })
  const joined = g.reshape(g.concat(parts, 0), [batch, heads, queries, channelsPerHead])
  return g.reshape(g.transpose(joined, [0, 2, 1, 3]), q.shape)
}

function headsPerSlice(sliceSize: 'auto' | 'max' | number, heads: number): number {
  if (sliceSize === 'auto') return Math.max(1, heads >> 1)
  if (sliceSize === 'max') return 1
  if (!Number.isInteger(sliceSize) || sliceSize < 1 || sliceSize > heads)
    throw new InvalidOptionError(
      `attention slice size must be "auto", "max" or a whole number from 1 to ${heads}, the heads of a layer, got ${sliceSize}`,
    )
  return sliceSize
}

function slices(total: number, size: number): number[] {
  const count = Math.ceil(total / size)
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size))
}
