import type { Value } from '../onnx/graph.js'
import type { Layers } from '../onnx/layers.js'
import { sinCos } from '../onnx/sinCos.js'
import type { WeightPath } from '../onnx/weightPath.js'
import type { UNetConfig } from './unetConfig.js'

/**
 * A timestep, float32 [1] → embedding [1, timeChannels], with the activation that every ResNet block begins with.
 * Sines and cosines in float32. Vaswani et al. 2017, section 3.5; diffusers `Timesteps`, `TimestepEmbedding`.
 */
export function timeEmbedding(g: Layers, config: UNetConfig, p: WeightPath, timestep: Value): Value {
  const act = (x: Value) => g.activation(config.activation, x)
  const channels = config.blocks[0].channels
  let x = g.cast(sinusoids(g, channels, config, timestep), g.precision)
  x = g.linear(act(g.linear(x, p.at('linear_1'), config.timeChannels)), p.at('linear_2'), config.timeChannels)
  if (config.timestepPostActivation) x = g.activation(config.timestepPostActivation, x)
  if (config.timeEmbeddingActivation) x = g.activation(config.timeEmbeddingActivation, x)
  return act(x)
}

function sinusoids(g: Layers, channels: number, { flipSinToCos, freqShift }: UNetConfig, timestep: Value): Value {
  const half = channels >> 1
  const frequencies = g.graph.constant('float32', inverseFrequencies(half, freqShift), [1, half])
  const [sin, cos] = sinCos(g, g.mul(g.reshape(timestep, [1, 1]), frequencies))
  const waves = flipSinToCos ? [cos, sin] : [sin, cos]
  return g.concat(channels % 2 === 1 ? [...waves, g.graph.constant('float32', [0], [1, 1])] : waves, 1)
}

/** Rounded to float32 where torch rounds: a timestep of 999 makes the last bit of a frequency visible. */
function inverseFrequencies(half: number, freqShift: number): number[] {
  return Array.from({ length: half }, (_, i) => {
    const exponent = Math.fround(Math.fround(-Math.log(10000)) * i)
    return Math.fround(Math.exp(Math.fround(exponent / (half - freqShift))))
  })
}
