import type { Value } from '../onnx/graph.js'
import type { Activation, Layers } from '../onnx/layers.js'
import type { WeightPath } from '../onnx/weightPath.js'

export interface ResnetOptions {
  channels: number
  groups: number
  eps: number
  activation: Activation
  /** of the timestep, after its activation, [1, n]; absent in a VAE */
  time?: Value
  timeScaleShift?: 'default' | 'scale_shift'
  outputScale?: number
  /** its convolutions bear 8-bit integers */
  int8?: boolean
}

/** diffusers `ResnetBlock2D`. He et al. 2016; the time embedding as in Ho et al. 2020, or Dhariwal and Nichol 2021 (`scale_shift`). */
export function resnetBlock(g: Layers, x: Value, p: WeightPath, options: ResnetOptions): Value {
  const { channels, groups, eps, activation, time, timeScaleShift = 'default', outputScale = 1, int8 = false } = options
  const norm = { groups, eps }

  let h = g.conv2d(g.groupNorm(x, p.at('norm1'), { ...norm, activation }), p.at('conv1'), channels, { int8 })
  if (time && timeScaleShift === 'scale_shift') {
    const [scale, shift] = perChannel(g, time, p, [channels, channels])
    h = g.add(g.mul(g.groupNorm(h, p.at('norm2'), norm), g.shift(scale, 1)), shift)
    h = g.activation(activation, h)
  } else {
    const plus = time && perChannel(g, time, p, [channels])[0]
    h = g.groupNorm(h, p.at('norm2'), { ...norm, activation, plus })
  }
  h = g.conv2d(h, p.at('conv2'), channels, { int8 })

  const shortcut = x.shape[1] === channels ? x : g.conv2d(x, p.at('conv_shortcut'), channels, { kernel: 1 })
  return g.scale(g.add(shortcut, h), 1 / outputScale)
}

function perChannel(g: Layers, time: Value, p: WeightPath, sizes: number[]): Value[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const projected = g.linear(time, p.at('time_emb_proj'), total)
  return g.split(projected, sizes, 1).map((value, i) => g.reshape(value, [1, sizes[i], 1, 1]))
}
